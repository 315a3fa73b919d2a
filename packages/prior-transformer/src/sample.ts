import { type Compiled, float32, type HostTensors, int32, type Loop, specsOf } from "@slicebook/base";
import {
  type CodeLogits,
  type ContextRows,
  contextSource,
  type GridSpace,
  type LevelSampler,
  type LevelSession,
  preparedTogether,
  rowOf,
  withoutPrefix,
  withPrefix,
} from "@slicebook/core";
import { codeInputs, codeStep, emptyMemory, rowInputs, rowStep } from "./cached.ts";
import type { LevelConfig } from "./config.ts";
import { neighboursOf } from "./network.ts";

/**
 * Prepares the cached network of a level for lanes of slices.
 *
 * Known codes cost little: what the network remembers of them is computed a row at a time, and rows below the last code
 * to draw are not computed at all.
 */
export function openLevel(
  config: LevelConfig,
  space: GridSpace,
  { engine, parameters, lanes }: LevelSession,
): Promise<LevelSampler> {
  const above = emptyMemory(config, space, { part: "above", lanes });
  const own = emptyMemory(config, space, { part: "own", lanes });
  return preparedTogether(async (keep) => {
    const contexts = await contextSource(space, { engine, parameters, lanes });
    if (contexts !== undefined) keep(contexts);
    const rows = keep(
      await engine.compile(rowStep(config, space), [specsOf(above), rowInputs(config, space, lanes)], {
        parameters,
      }),
    );
    const codes = keep(
      await engine.loop(codeStep(config, space), { ...above, ...own }, codeInputs(config, space, lanes), {
        parameters,
      }),
    );
    return {
      start: async ({ conditions, earlier }) =>
        cachedLogits({
          space,
          lanes,
          rows,
          codes,
          above,
          own,
          conditions,
          context: await contexts?.of(earlier),
        }),
    };
  });
}

interface CachedNetwork {
  readonly space: GridSpace;
  readonly lanes: number;
  /** {@link rowStep}. */
  readonly rows: Compiled<HostTensors>;
  /** {@link codeStep}. */
  readonly codes: Loop;
  /** What the first row looks back on. */
  readonly above: HostTensors;
  /** What is remembered of a row at its start. */
  readonly own: HostTensors;
  readonly conditions: HostTensors;
  readonly context: ContextRows | undefined;
}

/** Known codes that are stepped through: of more, what the network remembers is computed in one go. */
const FEW_STEPS = 2;

function cachedLogits(network: CachedNetwork): CodeLogits {
  const { space, lanes, conditions, context } = network;
  const { columns } = space;
  let above = network.above;
  /** The position that comes next; the network is given what a row looks back on when it comes to one. */
  let [row, column] = [0, columns];

  const passRow = (codes: Int32Array): Promise<HostTensors> => {
    const codesOf = (row: number) => int32(rowOf(codes, space, { row, grids: lanes }), [lanes, columns]);
    const positions = Int32Array.from({ length: columns }, (_, column) => row * columns + column);
    return network.rows.run(above, {
      previous: codesOf(Math.max(0, row - 1)),
      codes: codesOf(row),
      keep: float32([row === 0 ? 0 : 1], []),
      positions: int32(positions, [columns]),
      ...conditions,
      ...(context !== undefined && { context: context(row) }),
    });
  };
  const goTo = async (wanted: number, codes: Int32Array): Promise<void> => {
    const own = wanted === 0 ? network.own : withPrefixOnly("own.", await passRow(codes));
    await network.codes.replace({ ...above, ...own });
    column = wanted;
  };
  const stepCode = async (codes: Int32Array): Promise<Float32Array> => {
    const position = row * columns + column;
    const places = neighboursOf(position, columns);
    const near = Int32Array.from({ length: lanes * places.length }, (_, at) => {
      const [lane, place] = [Math.floor(at / places.length), places[at % places.length]!];
      return place < 0 ? 0 : codes[lane * space.rows * columns + place]!;
    });
    const { logits } = await network.codes.next({
      near: int32(near, [lanes, places.length]),
      inside: float32(
        places.map((place) => (place < 0 ? 0 : 1)),
        [places.length, 1],
      ),
      column: int32([column], [1]),
      positions: int32([position], [1]),
      ...conditions,
      ...(context !== undefined && { context: context(row, column, column + 1) }),
    });
    column += 1;
    if (logits?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
    return logits.data;
  };

  return async (wantedRow, wantedColumn, codes) => {
    for (; row < wantedRow; row++) {
      above = withPrefixOnly("above.", await passRow(codes));
      column = columns;
    }
    if (column > wantedColumn || wantedColumn - column > FEW_STEPS) await goTo(wantedColumn, codes);
    while (column < wantedColumn) await stepCode(codes);
    return stepCode(codes);
  };
}

/** The entries whose names begin with a prefix. */
function withPrefixOnly(prefix: string, tensors: HostTensors): HostTensors {
  return withPrefix(prefix, withoutPrefix(prefix, tensors));
}
