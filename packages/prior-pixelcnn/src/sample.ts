import {
  type Compiled,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Loop,
  random,
  SlicebookError,
  type TensorEngine,
  type TensorSpec,
} from "@slicebook/base";
import {
  type GivenCodes,
  ofLevel,
  type Params,
  type PerLevel,
  type SampleOptions,
  withoutPrefix,
} from "@slicebook/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import {
  carryAt,
  pixelCarry,
  pixelInputs,
  pixelStep,
  rowCarry,
  rowInputs,
  rowMemory,
  rowStep,
} from "./cached.ts";
import { type LevelConfig, levelConfig, type PixelcnnConfig } from "./config.ts";
import { contextOf } from "./context.ts";
import { drawCode } from "./draw.ts";
import { type GridSpace, levelPrefix } from "./grid-space.ts";

/** Grids drawn side by side. One number always: with another, the last bits of the logits would differ. */
const LANES = 16;

/**
 * Where codes are given, as many lanes as samples are wanted: a region is mostly filled once, which then takes a
 * sixteenth, and what is drawn elsewhere is given, so that last bits have little to decide.
 */
function lanesFor({ count, given }: Pick<SampleOptions, "count" | "given">): number {
  return given === undefined ? LANES : Math.max(1, Math.min(LANES, count));
}

/**
 * Draws the grids of all levels, the earlier ones first, position by position: int32 `[count, rows, columns]` each.
 *
 * Slice n depends on the seed, n, its label and the options only, not on `count`; with codes that are given, up to the
 * last bits of the logits. Known codes cost little: what the network remembers of them is computed a row at a time, and
 * rows below the last code to draw are not computed at all. Throws a `SlicebookError` with code
 * `SAMPLE_OPTIONS` if an option is out of its range, and the signal's reason if it is aborted.
 */
export async function sample(
  config: PixelcnnConfig,
  spaces: readonly GridSpace[],
  engine: TensorEngine,
  parameters: HostTensors,
  options: SampleOptions,
): Promise<Int32Array[]> {
  checkOptions(config, spaces, options);
  const levels = [...(options.drawn ?? [])];
  const wanted = spaces.slice(levels.length, options.levels);
  const total = wanted.reduce((sum, space) => sum + options.count * unknownCodes(space, options.given), 0);
  let before = 0;
  for (const space of wanted) {
    const level = space.earlier.length;
    const own = withoutPrefix(levelPrefix(level, spaces.length), parameters);
    const start = before;
    const onProgress = (done: number) => options.onProgress?.(start + done, total);
    levels.push(
      await sampleLevel(levelConfig(config, level), space, engine, own, {
        ...options,
        level,
        levels,
        onProgress,
      }),
    );
    before += options.count * unknownCodes(space, options.given);
  }
  return levels;
}

/** How many codes of a level are to be drawn for each sample. */
function unknownCodes({ rows, columns, earlier }: GridSpace, given: SampleOptions["given"]): number {
  const known = given?.[earlier.length]?.known;
  const size = rows * columns;
  return known === undefined ? size : Array.from(known).reduce((sum, one) => sum - Number(one !== 0), size);
}

interface LevelOptions extends Omit<SampleOptions, "onProgress" | "levels"> {
  readonly level: number;
  /** The grids of the levels before. */
  readonly levels: readonly Int32Array[];
  readonly onProgress: (done: number) => void;
}

async function sampleLevel(
  config: LevelConfig,
  space: GridSpace,
  engine: TensorEngine,
  parameters: HostTensors,
  options: LevelOptions,
): Promise<Int32Array> {
  const { count, level, onProgress, signal } = options;
  const lanes = lanesFor(options);
  const size = space.rows * space.columns;
  const given = options.given?.[level];
  const each = unknownCodes(space, options.given);
  signal?.throwIfAborted();
  if (given !== undefined && each === 0) return givenLevel(given, space, options);
  const codes = new Int32Array(count * size);
  const made: { dispose(): Promise<void> }[] = [];
  const keep = <T extends { dispose(): Promise<void> }>(one: T): T => {
    made.push(one);
    return one;
  };
  try {
    const contexts = await contextSource(config, space, { engine, parameters, lanes });
    if (contexts !== undefined) keep(contexts);
    const rows = keep(
      await engine.loop(
        rowStep(config, space),
        rowCarry(config, space, lanes),
        rowInputs(config, space, lanes),
        { parameters },
      ),
    );
    const pixels = keep(
      await engine.loop(pixelStep(config), pixelCarry(config, lanes), pixelInputs(config, lanes), {
        parameters,
      }),
    );
    let memory: Promise<Compiled<HostTensors>> | undefined;
    const remember = async (codes: HostTensor, fromVertical: HostTensor): Promise<HostTensors> => {
      memory ??= engine
        .compile(
          rowMemory(config),
          [
            { shape: codes.shape, dtype: "int32" },
            { shape: fromVertical.shape, dtype: "float32" },
          ],
          { parameters },
        )
        .then(keep);
      return (await memory).run(codes, fromVertical);
    };
    for (let first = 0; first < count; first += lanes) {
      const drawn = Math.min(lanes, count - first);
      let done = first * each;
      const onRow = (row: number, drawnCodes: Int32Array) => {
        done += drawn * unknownInRow(given, row, space.columns);
        onProgress(done);
        options.onRow?.({ level, row, first, codes: drawnCodes });
      };
      const context = await contexts?.of(options.levels, first, drawn);
      const own = { config, rows, pixels, remember, space, options, lanes, first, drawn, context, onRow };
      codes.set(await sampleLanes(own), first * size);
    }
  } finally {
    for (const one of made.reverse()) await one.dispose();
  }
  return codes;
}

/** A level that is given as a whole, repeated for each sample. */
function givenLevel(
  { codes }: GivenCodes,
  { rows, columns }: GridSpace,
  { count, level, onRow }: LevelOptions,
): Int32Array {
  const grid = Int32Array.from(codes);
  for (let row = 0; row < rows && count > 0; row++) {
    const own = grid.subarray(row * columns, (row + 1) * columns);
    onRow?.({ level, row, first: 0, codes: repeated(own, count) });
  }
  return repeated(grid, count);
}

function repeated(values: Int32Array, times: number): Int32Array {
  return Int32Array.from({ length: times * values.length }, (_, at) => values[at % values.length]!);
}

/** What the levels before tell of each row, float32 `[lanes, 1, columns, hidden]`. */
type ContextRows = (row: number) => HostTensor;

interface ContextSource {
  of(levels: readonly Int32Array[], first: number, drawn: number): Promise<ContextRows>;
  dispose(): Promise<void>;
}

/** Prepares {@link contextOf} for lanes of samples; undefined for the first level, which has nothing before it. */
async function contextSource(
  config: LevelConfig,
  space: GridSpace,
  {
    engine,
    parameters,
    lanes,
  }: { readonly engine: TensorEngine; readonly parameters: HostTensors; readonly lanes: number },
): Promise<ContextSource | undefined> {
  const { earlier, rows, columns } = space;
  if (earlier.length === 0) return undefined;
  const shapes = earlier.map((level) => [lanes, level.rows, level.columns]);
  const compiled = await engine.compile(
    (params: Params, codes: readonly Tensor[]) => contextOf(config, params, codes, space),
    [shapes.map((shape): TensorSpec => ({ shape, dtype: "int32" }))],
    { parameters },
  );
  return {
    async of(levels, first, drawn) {
      const grids = levels.map((codes, level) => {
        const [, high, wide] = shapes[level] as [number, number, number];
        const padded = new Int32Array(lanes * high * wide);
        padded.set(codes.subarray(first * high * wide, (first + drawn) * high * wide));
        return int32(padded, shapes[level]!);
      });
      const found = floats(await compiled.run(grids));
      const each = columns * config.hidden;
      return (row) => {
        const values = new Float32Array(lanes * each);
        for (let lane = 0; lane < lanes; lane++) {
          const from = (lane * rows + row) * each;
          values.set(found.subarray(from, from + each), lane * each);
        }
        return float32(values, [lanes, 1, columns, config.hidden]);
      };
    },
    dispose: () => compiled.dispose(),
  };
}

/** Where a sample lies in its scan unless that is given: anywhere, by the seed and its number. */
export function slicePositionAt(seed: number, sampleNumber: number): number {
  return random(seed, "slice-position", sampleNumber).uniform();
}

/** The number in [0, 1) with which the code at a position (in raster order) of a sample's level is drawn. */
export function uniformAt(seed: number, sampleNumber: number, position: number, level: number): number {
  const key = level === 0 ? [] : [level];
  return random(seed, "sample", sampleNumber, position, ...key).uniform();
}

interface Lanes {
  readonly config: LevelConfig;
  readonly rows: Loop;
  readonly pixels: Loop;
  /** Runs {@link rowMemory}. */
  readonly remember: (codes: HostTensor, fromVertical: HostTensor) => Promise<HostTensors>;
  readonly space: GridSpace;
  readonly options: LevelOptions;
  readonly lanes: number;
  readonly context: ContextRows | undefined;
  /** The number of the sample in the first lane. */
  readonly first: number;
  /** How many lanes hold samples; the others are idle. */
  readonly drawn: number;
  /** Called with each row and its codes, `[drawn, columns]`. */
  readonly onRow: (row: number, codes: Int32Array) => void;
}

async function sampleLanes({
  config,
  rows,
  pixels,
  remember,
  space,
  options,
  lanes,
  first,
  drawn,
  context,
  onRow,
}: Lanes): Promise<Int32Array> {
  const { columns, codes: codebookSize } = space;
  const size = space.rows * columns;
  const labels = int32(
    Int32Array.from({ length: lanes }, (_, lane) =>
      lane < drawn ? (options.labels?.[first + lane] ?? 0) : 0,
    ),
    [lanes],
  );
  const slicePositions = float32(
    Float32Array.from({ length: lanes }, (_, lane) => {
      const number = first + lane;
      return lane < drawn ? (options.slicePositions?.[number] ?? slicePositionAt(options.seed, number)) : 0;
    }),
    [lanes],
  );
  const codes = new Int32Array(drawn * size);
  const draw = {
    temperature: ofLevel(options.temperature ?? 1, options.level),
    topK: options.topK ?? codebookSize,
    topP: ofLevel(options.topP ?? 1, options.level),
  };
  const setRow = (row: number, current: Int32Array) => {
    for (let lane = 0; lane < drawn; lane++) {
      codes.set(current.subarray(lane * columns, (lane + 1) * columns), lane * size + row * columns);
    }
    onRow(row, current.slice(0, drawn * columns));
  };
  const given = options.given?.[options.level];
  /** Nothing is to be drawn below it. */
  let last = space.rows - 1;
  while (unknownInRow(given, last, columns) === 0) last -= 1;
  let above = new Int32Array(lanes * columns);
  for (let row = 0; row < space.rows; row++) {
    options.signal?.throwIfAborted();
    const current = new Int32Array(lanes * columns);
    const known = givenRow(given, row, columns);
    for (let lane = 0; lane < lanes; lane++) current.set(known.codes, lane * columns);
    if (row > last) {
      setRow(row, current);
      continue;
    }
    const { fromVertical } = await rows.next({
      previous: int32(above, [lanes, columns]),
      row: int32([row], [1]),
      keep: row === 0 ? ZERO : ONE,
      ...(space.classes > 0 && { labels }),
      ...(config.slicePosition && { slicePositions }),
      ...(context !== undefined && { context: context(row) }),
    });
    const contributions = floats(fromVertical);
    const [, , layers, channels] = fromVertical!.shape as [number, number, number, number];
    const stride = lanes * layers * channels;
    const logitsAt = async (column: number): Promise<Float32Array> => {
      const left = Int32Array.from({ length: lanes }, (_, lane) =>
        column === 0 ? 0 : current[lane * columns + column - 1]!,
      );
      const { logits } = await pixels.next({
        previous: int32(left, [lanes]),
        keep: column === 0 ? ZERO : ONE,
        fromVertical: float32(contributions.subarray(column * stride, (column + 1) * stride), [
          lanes,
          layers,
          channels,
        ]),
      });
      return floats(logits);
    };
    /** The column that the horizontal stack comes to next. */
    let next = 0;
    // What lies right of the last code to be drawn is needed for the rows below only.
    for (let column = 0; column < known.until; column++) {
      if (known.at(column)) continue;
      if (column - next > FEW_STEPS) {
        const memory = await remember(int32(current, [lanes, columns]), fromVertical!);
        await pixels.replace(carryAt(config, memory, { column, lanes }));
        next = column;
      }
      for (; next < column; next++) await logitsAt(next);
      const values = await logitsAt(column);
      next = column + 1;
      for (let lane = 0; lane < drawn; lane++) {
        const own = values.subarray(lane * codebookSize, (lane + 1) * codebookSize);
        const uniform = uniformAt(options.seed, first + lane, row * columns + column, options.level);
        current[lane * columns + column] = drawCode(own, uniform, draw);
      }
    }
    setRow(row, current);
    above = current;
  }
  return codes;
}

/** Known codes that are stepped through: of more, what the network remembers is computed in one go. */
const FEW_STEPS = 2;

function unknownInRow(given: GivenCodes | undefined, row: number, columns: number): number {
  const { at } = givenRow(given, row, columns);
  return Array.from({ length: columns }, (_, column) => Number(!at(column))).reduce(
    (sum, one) => sum + one,
    0,
  );
}

/** What is known of a row: its codes (0 elsewhere), and the number of columns up to the last that is not known. */
function givenRow(
  given: GivenCodes | undefined,
  row: number,
  columns: number,
): { codes: Int32Array; at: (column: number) => boolean; until: number } {
  const at = (column: number) => given !== undefined && given.known[row * columns + column] !== 0;
  const codes = Int32Array.from({ length: columns }, (_, column) =>
    at(column) ? given!.codes[row * columns + column]! : 0,
  );
  let until = columns;
  while (until > 0 && at(until - 1)) until -= 1;
  return { codes, at, until };
}

const ZERO = float32([0], []);
const ONE = float32([1], []);

function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
  return tensor.data;
}

function checkOptions(
  config: PixelcnnConfig,
  spaces: readonly GridSpace[],
  { count, temperature = 1, topK, topP = 1, labels, slicePositions, given, drawn, levels }: SampleOptions,
): void {
  if (!Number.isInteger(count) || count < 0) fail("count", count, "a whole number, 0 or more");
  for (const one of eachOf(temperature)) {
    if (!(one >= 0 && one < Number.POSITIVE_INFINITY)) {
      fail("temperature", one, "a number, 0 (the likeliest code always) or more");
    }
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    fail("topK", topK, "a whole number, 1 or more");
  for (const one of eachOf(topP)) {
    if (!(one > 0 && one <= 1)) fail("topP", one, "a number above 0 and at most 1");
  }
  if (levels !== undefined && !(Number.isInteger(levels) && levels >= 1 && levels <= spaces.length)) {
    fail("levels", levels, `a whole number from 1 to ${spaces.length}`);
  }
  for (const [level, codes] of (drawn ?? []).entries()) {
    const size = spaces[level] && count * spaces[level].rows * spaces[level].columns;
    if (codes.length !== size) fail(`drawn.${level}`, codes.length, `${size ?? "no"} codes`);
  }
  for (const [level, space] of spaces.entries()) {
    const known = given?.[level];
    if (known !== undefined) checkGiven(`given.${level}`, space, known);
  }
  if (slicePositions !== undefined) checkSlicePositions(config, slicePositions, count);
  const classes = spaces[0]?.classes ?? 0;
  if (classes === 0) return;
  if (labels === undefined || labels.length !== count) {
    const found = labels === undefined ? "none" : `${labels.length} of them`;
    fail("labels", found, `one for each of the ${count} samples, since the prior has ${classes} classes`);
  }
  const wrong = Array.from(labels).find(
    (label) => !(Number.isInteger(label) && label >= 0 && label < classes),
  );
  if (wrong !== undefined) fail("labels", wrong, `whole numbers from 0 to ${classes - 1}`);
}

function checkSlicePositions(
  { slicePosition }: PixelcnnConfig,
  positions: ArrayLike<number>,
  count: number,
): void {
  if (!slicePosition) {
    fail("slicePositions", "some", "none, since the prior is not conditioned on them (slicePosition)");
  }
  if (positions.length !== count) {
    fail("slicePositions", `${positions.length} of them`, `one for each of the ${count} samples`);
  }
  const wrong = Array.from(positions).find((position) => !(position >= 0 && position <= 1));
  if (wrong !== undefined) fail("slicePositions", wrong, "numbers from 0 to 1");
}

function checkGiven(option: string, { codes, rows, columns }: GridSpace, given: GivenCodes): void {
  const size = rows * columns;
  for (const name of ["codes", "known"] as const) {
    const { length } = given[name];
    if (length !== size) fail(`${option}.${name}`, length, `${rows}×${columns} numbers`);
  }
  for (let at = 0; at < size; at++) {
    const code = given.codes[at]!;
    if (given.known[at] === 0) continue;
    if (!(Number.isInteger(code) && code >= 0 && code < codes)) {
      fail(`${option}.codes`, code, `whole numbers from 0 to ${codes - 1} where they are known`);
    }
  }
}

function eachOf(option: PerLevel): readonly number[] {
  return typeof option === "number" ? [option] : option;
}

function fail(option: string, found: number | string, allowed: string): never {
  throw new SlicebookError("SAMPLE_OPTIONS", `sample: ${option}: expected ${allowed}, found ${found}`, {
    remedy: `Change ${option} and sample again.`,
  });
}
