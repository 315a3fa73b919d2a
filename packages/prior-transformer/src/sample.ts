import {
  type Compiled,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Loop,
  specsOf,
} from "@slicebook/base";
import {
  type CodeLogits,
  type ContextRows,
  contextSource,
  type GivenCodes,
  type GridSpace,
  type LevelSampler,
  type LevelSession,
  mapRecord,
  preparedTogether,
  rowOf,
  withPrefix,
} from "@slicebook/core";
import { HIDDEN, placeCount, type Reach, reachOf } from "./attention.ts";
import {
  codeInputs,
  codeStep,
  codesStep,
  emptyRow,
  memoryAround,
  remember,
  rowInputs,
  rowStep,
} from "./cached.ts";
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
    const positions = keep(
      await engine.loop(codeStep(config, reach), around, codeInputs(config, space, form), { parameters }),
    );
    const codes =
      config.order === "random"
        ? keep(
            await engine.compile(codesStep(config), [{ codes: { shape: [lanes], dtype: "int32" } }], {
              parameters,
            }),
          )
        : undefined;
    return {
      start: async ({ conditions, earlier }) =>
        cachedLogits({
          config,
          space,
          reach,
          lanes,
          known,
          rows,
          positions,
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
  readonly positions: Loop;
  /** {@link codesStep}, where codes add to what is remembered. */
  readonly codes: Compiled<HostTensors> | undefined;
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
  let [row, column] = [0, 0];
  /** What is remembered of the row so far; undefined as long as the network has not come to it. */
  let rowMemory: HostTensors | undefined;
  /** What is to be remembered of the position before once its code is known, where the code adds to it. */
  let waiting: { readonly column: number; readonly newest: Float32Array } | undefined;

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
    const rowCodes = int32(rowOf(codes, space, { row, grids: lanes }), [lanes, columns]);
    return network.rows.run(memoryAround(reach, row, memoryOf), {
      ...inputsOf(row, codes),
      ...(isRandom && { codes: rowCodes }),
    });
  };
  /** Comes to a column of the row, with what is remembered of the codes of the row that are before it. */
  const goTo = async (wanted: number, before: HostTensors): Promise<HostTensors> => {
    await network.positions.replace(memoryAround(reach, row, memoryOf));
    column = wanted;
    return mapRecord(before, ({ data, shape }) => float32(Float32Array.from(data), shape));
  };
  const stepCode = async (rowMemory: HostTensors, codes: Int32Array): Promise<Float32Array> => {
    const inputs = inputsOf(row, codes, column, column + 1);
    // Nothing is remembered there yet.
    inputs.hidden!.data[reach.window * columns + column] = HIDDEN;
    const { logits, newest } = await network.positions.next({
      ...inputs,
      column: int32([column], [1]),
      ...withPrefix("own.", rowMemory),
    });
    if (isRandom) waiting = { column, newest: floats(newest) };
    else remember(rowMemory, column, floats(newest));
    column += 1;
    return floats(logits);
  };
  /** Remembers the position before, whose code is known now. */
  const addLast = async (rowMemory: HostTensors, codes: Int32Array): Promise<void> => {
    if (waiting === undefined || network.codes === undefined) return;
    const at = row * columns + waiting.column;
    const last = Int32Array.from({ length: lanes }, (_, lane) => codes[lane * rows * columns + at]!);
    const added = floats((await network.codes.run({ codes: int32(last, [lanes]) })).added);
    remember(
      rowMemory,
      waiting.column,
      waiting.newest.map((value, index) => value + added[index]!),
    );
    waiting = undefined;
  };
  /** What is remembered of the row once all of its codes are known. */
  const wholeRow = async (codes: Int32Array): Promise<HostTensors> => {
    if (rowMemory === undefined) return passRow(row, codes);
    await addLast(rowMemory, codes);
    // In raster order, known codes after the last one that was drawn are still to be passed.
    return isRandom || column === columns ? rowMemory : passRow(row, codes);
  };

  return async (wantedRow, wantedColumn, codes) => {
    if (!isStarted) {
      isStarted = true;
      for (let at = 0; at < rows; at++) if (others[at]! < columns) memories.set(at, await passRow(at, codes));
    }
    for (; row < wantedRow; row++) {
      if (others[row]! > 0) memories.set(row, await wholeRow(codes));
      memories.delete(row - reach.window);
      rowMemory = undefined;
    }
    if (isRandom) {
      // Those before it in the row are drawn, or came first.
      rowMemory ??= await goTo(wantedColumn, memoryOf(row));
      await addLast(rowMemory, codes);
      column = wantedColumn;
    } else if (rowMemory === undefined || wantedColumn - column > FEW_STEPS) {
      rowMemory = await goTo(wantedColumn, wantedColumn === 0 ? empty : await passRow(row, codes));
    }
    while (column < wantedColumn) await stepCode(rowMemory, codes);
    return stepCode(rowMemory, codes);
  };
}

function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
  return tensor.data;
}
