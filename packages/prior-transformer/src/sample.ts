import { type Compiled, float32, type HostTensors, int32, type Loop, specsOf } from "@slicebook/base";
import {
  type CodeLogits,
  type ContextRows,
  contextSource,
  type GivenCodes,
  type GridSpace,
  type LevelSampler,
  type LevelSession,
  preparedTogether,
  rowOf,
  withPrefix,
} from "@slicebook/core";
import { placeCount, type Reach, reachOf } from "./attention.ts";
import { codeInputs, codeStep, emptyRow, memoryAround, rowInputs, rowStep } from "./cached.ts";
import type { LevelConfig } from "./config.ts";
import { sightOf } from "./order.ts";

/**
 * Prepares the cached network of a level for lanes of slices.
 *
 * Known codes cost little: what the network remembers of them is computed a row at a time, and rows below the last code
 * to draw are not computed at all, unless what is known of them comes first.
 */
export function openLevel(
  config: LevelConfig,
  space: GridSpace,
  { engine, parameters, lanes, known: given }: LevelSession,
): Promise<LevelSampler> {
  const known = config.order === "random" ? given : undefined;
  const reach = reachOf(config, space, { below: known !== undefined });
  const form = { reach, lanes };
  const empty = emptyRow(config, reach, lanes);
  const around = memoryAround(reach, 0, () => empty);
  return preparedTogether(async (keep) => {
    const contexts = await contextSource(space, { engine, parameters, lanes });
    if (contexts !== undefined) keep(contexts);
    const rows = keep(
      await engine.compile(rowStep(config, reach), [specsOf(around), rowInputs(config, space, form)], {
        parameters,
      }),
    );
    const codes = keep(
      await engine.loop(
        codeStep(config, reach),
        { ...around, ...withPrefix("own.", empty) },
        codeInputs(config, space, form),
        { parameters },
      ),
    );
    return {
      start: async ({ conditions, earlier }) =>
        cachedLogits({
          config,
          space,
          reach,
          lanes,
          known,
          rows,
          codes,
          empty,
          conditions,
          context: await contexts?.of(earlier),
        }),
    };
  });
}

interface CachedNetwork {
  readonly config: LevelConfig;
  readonly space: GridSpace;
  readonly reach: Reach;
  readonly lanes: number;
  /** The codes that come first, if any do. */
  readonly known: GivenCodes["known"] | undefined;
  /** {@link rowStep}. */
  readonly rows: Compiled<HostTensors>;
  /** {@link codeStep}. */
  readonly codes: Loop;
  /** {@link emptyRow}. */
  readonly empty: HostTensors;
  readonly conditions: HostTensors;
  readonly context: ContextRows | undefined;
}

/** Known codes that are stepped through: of more, what the network remembers is computed in one go. */
const FEW_STEPS = 2;

function cachedLogits(network: CachedNetwork): CodeLogits {
  const { config, space, reach, lanes, known, empty, conditions, context } = network;
  const { rows, columns } = space;
  const isRandom = config.order === "random";
  const sight = sightOf(config, space, reach, known);
  /** What is remembered of each row whose codes are known, or of those of its codes that come first. */
  const memories = new Map<number, HostTensors>();
  const memoryOf = (row: number) => memories.get(row) ?? empty;
  /** How many codes of each row do not come first. */
  const others = Array.from(
    { length: rows },
    (_, row) =>
      Array.from({ length: columns }, (_, column) => known?.[row * columns + column] ?? 0).filter(
        (one) => one === 0,
      ).length,
  );
  let isStarted = false;
  /** The position that comes next; the network is given what a row looks at when it comes to one. */
  let [row, column] = [0, columns];
  /** The column of the row's code that was drawn last. */
  let lastColumn = -1;

  /** What the positions of the current row from one column on are given. */
  const inputsOf = (row: number, codes: Int32Array, from = 0, to = columns): HostTensors => {
    const count = to - from;
    const positions = Int32Array.from({ length: count }, (_, next) => row * columns + from + next);
    const places = Array.from(positions, sight.neighboursOf);
    const near = Array.from({ length: lanes }, (_, lane) =>
      places.flatMap((ofOne) => ofOne.map((at) => (at < 0 ? 0 : codes[lane * rows * columns + at]!))),
    );
    const [{ length: neighbours }] = places as [number[]];
    return {
      near: int32(near.flat(), [lanes, count, neighbours]),
      inside: float32(
        places.flat().map((at) => (at < 0 ? 0 : 1)),
        [count, neighbours, 1],
      ),
      hidden: float32(Array.from(positions, sight.hiddenOf).flat(), [count, placeCount(reach)]),
      positions: int32(positions, [count]),
      ...conditions,
      ...(context !== undefined && { context: context(row, from, to) }),
    };
  };
  const passRow = async (row: number, codes: Int32Array): Promise<HostTensors> => {
    const own = int32(rowOf(codes, space, { row, grids: lanes }), [lanes, columns]);
    return network.rows.run(memoryAround(reach, row, memoryOf), {
      ...inputsOf(row, codes),
      ...(isRandom && { codes: own }),
    });
  };
  /** Comes to a column of the row, with what is remembered of the codes of the row that are before it. */
  const goTo = async (wanted: number, own: HostTensors): Promise<void> => {
    await network.codes.replace({ ...memoryAround(reach, row, memoryOf), ...withPrefix("own.", own) });
    [column, lastColumn] = [wanted, -1];
  };
  const stepCode = async (codes: Int32Array): Promise<Float32Array> => {
    const last = Int32Array.from({ length: lanes }, (_, lane) =>
      lastColumn < 0 ? 0 : codes[(lane * rows + row) * columns + lastColumn]!,
    );
    const { logits } = await network.codes.next({
      ...inputsOf(row, codes, column, column + 1),
      column: int32([column], [1]),
      ...(isRandom && { last: int32(last, [lanes]), lastColumn: int32([lastColumn], [1]) }),
    });
    lastColumn = column;
    column += 1;
    if (logits?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
    return logits.data;
  };

  return async (wantedRow, wantedColumn, codes) => {
    if (!isStarted) {
      isStarted = true;
      for (let at = 0; at < rows; at++) if (others[at]! < columns) memories.set(at, await passRow(at, codes));
    }
    for (; row < wantedRow; row++) {
      if (others[row]! > 0) memories.set(row, await passRow(row, codes));
      memories.delete(row - reach.window);
      column = columns;
    }
    if (isRandom) {
      // Those before it in the row are drawn, or came first.
      if (column > wantedColumn) await goTo(wantedColumn, memoryOf(row));
      column = wantedColumn;
    } else if (column > wantedColumn || wantedColumn - column > FEW_STEPS) {
      await goTo(wantedColumn, wantedColumn === 0 ? empty : await passRow(row, codes));
    }
    while (column < wantedColumn) await stepCode(codes);
    return stepCode(codes);
  };
}
