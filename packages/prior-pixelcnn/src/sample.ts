import { float32, type HostTensor, type HostTensors, int32, random, SlicebookError } from "@slicebook/base";
import type { GivenCodes, SampleOptions, SamplerEngine, SamplerLoop } from "@slicebook/core";
import { pixelCarry, pixelInputs, pixelStep, rowCarry, rowInputs, rowStep } from "./cached.ts";
import type { PixelcnnConfig } from "./config.ts";
import { drawCode } from "./draw.ts";
import type { GridSpace } from "./grid-space.ts";

/** Grids drawn side by side. One number always: with another, the last bits of the logits would differ. */
const LANES = 16;

/**
 * Draws grids position by position: int32 `[count, rows, columns]`.
 *
 * Grid n depends on the seed, n, its label and the options only, not on `count`. Throws a `SlicebookError` with code
 * `SAMPLE_OPTIONS` if an option is out of its range, and the signal's reason if it is aborted.
 */
export async function sample(
  config: PixelcnnConfig,
  space: GridSpace,
  engine: SamplerEngine,
  parameters: HostTensors,
  options: SampleOptions,
): Promise<Int32Array> {
  checkOptions(space, options);
  const { count, onProgress, signal } = options;
  const size = space.rows * space.columns;
  const codes = new Int32Array(count * size);
  signal?.throwIfAborted();
  const rows = await engine.loop(
    rowStep(config, space),
    rowCarry(config, space, LANES),
    rowInputs(space, LANES),
    {
      parameters,
    },
  );
  try {
    const pixels = await engine.loop(
      pixelStep(config),
      pixelCarry(config, LANES),
      pixelInputs(config, LANES),
      {
        parameters,
      },
    );
    try {
      for (let first = 0; first < count; first += LANES) {
        const drawn = Math.min(LANES, count - first);
        const onRow = (row: number, codes: Int32Array) => {
          onProgress?.(first * size + (row + 1) * space.columns * drawn, count * size);
          options.onRow?.({ row, first, codes });
        };
        const lanes = { rows, pixels, space, options, first, drawn, onRow };
        codes.set(await sampleLanes(lanes), first * size);
      }
    } finally {
      await pixels.dispose();
    }
  } finally {
    await rows.dispose();
  }
  return codes;
}

/** The number in [0, 1) with which the code at a position (in raster order) of a sample is drawn. */
export function uniformAt(seed: number, sampleNumber: number, position: number): number {
  return random(seed, "sample", sampleNumber, position).uniform();
}

interface Lanes {
  readonly rows: SamplerLoop;
  readonly pixels: SamplerLoop;
  readonly space: GridSpace;
  readonly options: SampleOptions;
  /** The number of the sample in the first lane. */
  readonly first: number;
  /** How many lanes hold samples; the others are idle. */
  readonly drawn: number;
  /** Called with each row and its codes, `[drawn, columns]`. */
  readonly onRow: (row: number, codes: Int32Array) => void;
}

async function sampleLanes({
  rows,
  pixels,
  space,
  options,
  first,
  drawn,
  onRow,
}: Lanes): Promise<Int32Array> {
  const { columns, codes: codebookSize } = space;
  const size = space.rows * columns;
  const labels = int32(
    Int32Array.from({ length: LANES }, (_, lane) =>
      lane < drawn ? (options.labels?.[first + lane] ?? 0) : 0,
    ),
    [LANES],
  );
  const codes = new Int32Array(drawn * size);
  let above = new Int32Array(LANES * columns);
  for (let row = 0; row < space.rows; row++) {
    options.signal?.throwIfAborted();
    const current = new Int32Array(LANES * columns);
    const known = givenRow(options.given, row, columns);
    for (let lane = 0; lane < LANES; lane++) current.set(known.codes, lane * columns);
    const { fromVertical } = await rows.next({
      previous: int32(above, [LANES, columns]),
      row: int32([row], [1]),
      keep: row === 0 ? ZERO : ONE,
      ...(space.classes > 0 && { labels }),
    });
    const given = floats(fromVertical);
    const [, , layers, channels] = fromVertical!.shape as [number, number, number, number];
    const stride = LANES * layers * channels;
    let left = new Int32Array(LANES);
    // What lies right of the last code to be drawn is needed for the rows below only.
    for (let column = 0; column < known.until; column++) {
      const { logits } = await pixels.next({
        previous: int32(left, [LANES]),
        keep: column === 0 ? ZERO : ONE,
        fromVertical: float32(given.subarray(column * stride, (column + 1) * stride), [
          LANES,
          layers,
          channels,
        ]),
      });
      if (!known.at(column)) {
        const values = floats(logits);
        for (let lane = 0; lane < drawn; lane++) {
          const own = values.subarray(lane * codebookSize, (lane + 1) * codebookSize);
          const uniform = uniformAt(options.seed, first + lane, row * columns + column);
          current[lane * columns + column] = drawCode(own, uniform, options);
        }
      }
      left = Int32Array.from({ length: LANES }, (_, lane) => current[lane * columns + column]!);
    }
    for (let lane = 0; lane < drawn; lane++) {
      codes.set(current.subarray(lane * columns, (lane + 1) * columns), lane * size + row * columns);
    }
    above = current;
    onRow(row, current.slice(0, drawn * columns));
  }
  return codes;
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
  space: GridSpace,
  { count, temperature = 1, topK, topP, labels, given }: SampleOptions,
): void {
  if (!Number.isInteger(count) || count < 0) fail("count", count, "a whole number, 0 or more");
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    fail("temperature", temperature, "a number, 0 (the likeliest code always) or more");
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    fail("topK", topK, "a whole number, 1 or more");
  if (topP !== undefined && !(topP > 0 && topP <= 1)) fail("topP", topP, "a number above 0 and at most 1");
  if (given !== undefined) checkGiven(space, given);
  if (space.classes === 0) return;
  if (labels === undefined || labels.length !== count) {
    const found = labels === undefined ? "none" : `${labels.length} of them`;
    fail(
      "labels",
      found,
      `one for each of the ${count} samples, since the prior has ${space.classes} classes`,
    );
  }
  const wrong = Array.from(labels).find(
    (label) => !(Number.isInteger(label) && label >= 0 && label < space.classes),
  );
  if (wrong !== undefined) fail("labels", wrong, `whole numbers from 0 to ${space.classes - 1}`);
}

function checkGiven({ codes, rows, columns }: GridSpace, given: GivenCodes): void {
  const size = rows * columns;
  for (const name of ["codes", "known"] as const) {
    const { length } = given[name];
    if (length !== size) fail(`given.${name}`, length, `${rows}×${columns} numbers`);
  }
  for (let at = 0; at < size; at++) {
    const code = given.codes[at]!;
    if (given.known[at] === 0) continue;
    if (!(Number.isInteger(code) && code >= 0 && code < codes)) {
      fail("given.codes", code, `whole numbers from 0 to ${codes - 1} where they are known`);
    }
  }
}

function fail(option: string, found: number | string, allowed: string): never {
  throw new SlicebookError("SAMPLE_OPTIONS", `sample: ${option}: expected ${allowed}, found ${found}`, {
    remedy: `Change ${option} and sample again.`,
  });
}
