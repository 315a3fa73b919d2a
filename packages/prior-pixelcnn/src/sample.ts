import { float32, type HostTensor, type HostTensors, int32, random, SlicebookError } from "@slicebook/base";
import type { CodeSpace, SampleOptions, SamplerEngine, SamplerLoop } from "@slicebook/core";
import { pixelCarry, pixelInputs, pixelStep, rowCarry, rowInputs, rowStep } from "./cached.ts";
import type { PixelcnnConfig } from "./config.ts";
import { drawCode } from "./draw.ts";

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
  space: CodeSpace,
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
        const onRow = (done: number) => onProgress?.(first * size + done * drawn, count * size);
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
  readonly space: CodeSpace;
  readonly options: SampleOptions;
  /** The number of the sample in the first lane. */
  readonly first: number;
  /** How many lanes hold samples; the others are idle. */
  readonly drawn: number;
  /** Called with the number of positions drawn so far. */
  readonly onRow: (done: number) => void;
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
    const { fromVertical } = await rows.next({
      previous: int32(above, [LANES, columns]),
      row: int32([row], [1]),
      keep: row === 0 ? ZERO : ONE,
      ...(space.classes > 0 && { labels }),
    });
    const given = floats(fromVertical);
    const [, , layers, channels] = fromVertical!.shape as [number, number, number, number];
    const stride = LANES * layers * channels;
    const current = new Int32Array(LANES * columns);
    let left = new Int32Array(LANES);
    for (let column = 0; column < columns; column++) {
      const { logits } = await pixels.next({
        previous: int32(left, [LANES]),
        keep: column === 0 ? ZERO : ONE,
        fromVertical: float32(given.subarray(column * stride, (column + 1) * stride), [
          LANES,
          layers,
          channels,
        ]),
      });
      const values = floats(logits);
      left = new Int32Array(LANES);
      for (let lane = 0; lane < drawn; lane++) {
        const position = row * columns + column;
        const own = values.subarray(lane * codebookSize, (lane + 1) * codebookSize);
        const code = drawCode(own, uniformAt(options.seed, first + lane, position), options);
        left[lane] = code;
        current[lane * columns + column] = code;
        codes[lane * size + position] = code;
      }
    }
    above = current;
    onRow((row + 1) * columns);
  }
  return codes;
}

const ZERO = float32([0], []);
const ONE = float32([1], []);

function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
  return tensor.data;
}

function checkOptions(space: CodeSpace, { count, temperature = 1, topK, topP, labels }: SampleOptions): void {
  if (!Number.isInteger(count) || count < 0) fail("count", count, "a whole number, 0 or more");
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    fail("temperature", temperature, "a number, 0 (the likeliest code always) or more");
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    fail("topK", topK, "a whole number, 1 or more");
  if (topP !== undefined && !(topP > 0 && topP <= 1)) fail("topP", topP, "a number above 0 and at most 1");
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

function fail(option: string, found: number | string, allowed: string): never {
  throw new SlicebookError("SAMPLE_OPTIONS", `sample: ${option}: expected ${allowed}, found ${found}`, {
    remedy: `Change ${option} and sample again.`,
  });
}
