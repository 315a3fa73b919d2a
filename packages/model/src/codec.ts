import {
  float32,
  floats,
  type HostTensor,
  type HostTensors,
  int32,
  integers,
  sizeOf,
  specsOf,
  type TensorEngine,
} from "@slicebook/base";
import {
  type AddGrainOptions,
  addGrain,
  type BoundVqvae,
  type Grain,
  type TrainStepOptions,
} from "@slicebook/core";
import { holdWithin, type Preprocessing } from "@slicebook/datasets";
import type { LevelGrids } from "@slicebook/runs/tensors";

/**
 * How a codec is prepared: for this many images at a time. What it makes is held among the values of the training
 * slices, where the preprocessing has learned them.
 */
export interface CodecOptions {
  readonly model: BoundVqvae;
  readonly preprocessing: Preprocessing;
  readonly batch: number;
}

/** Images and the codes they are made of. */
export interface Reconstructions {
  /** [n, height, width], in preprocessed units. */
  readonly images: Float32Array;
  /** Code indices of each level, int32 [n, rows, columns]. */
  readonly levels: readonly LevelGrids[];
}

/** A trained encoder and decoder, prepared on an engine. */
export interface Codec {
  /** Preprocessed images [n, height, width] through encoder and decoder. */
  reconstruct(images: Float32Array): Promise<Reconstructions>;
  dispose(): Promise<void>;
}

/** Prepares encoder and decoder with weights that stay as they are. */
export async function createCodec(
  engine: TensorEngine,
  parameters: HostTensors,
  options: CodecOptions,
): Promise<Codec> {
  const { model, batch } = options;
  const spec = model.imageSpec(batch);
  const compiled = await engine.compile(model.reconstruct, [spec], { name: "reconstruct", parameters });
  return {
    async reconstruct(images) {
      const reconstructions = emptyReconstructions(images, options);
      await eachBatch(images, spec.shape, async (tensor, part) => {
        reconstructions.keep(await compiled.run(tensor), part);
      });
      return reconstructions;
    },
    dispose: () => compiled.dispose(),
  };
}

/** A trained encoder, prepared on an engine. */
export interface Encoder {
  /** Preprocessed images [n, height, width] to code indices of each level, int32 [n, rows, columns]. */
  encode(images: Float32Array): Promise<readonly LevelGrids[]>;
  dispose(): Promise<void>;
}

export async function createEncoder(
  engine: TensorEngine,
  parameters: HostTensors,
  { model, batch }: Omit<CodecOptions, "preprocessing">,
): Promise<Encoder> {
  const spec = model.imageSpec(batch);
  const compiled = await engine.compile(model.encode, [spec], { name: "encode", parameters });
  return {
    async encode(images) {
      const levels = emptyLevels(model, images.length / sizeOf(model.size));
      await eachBatch(images, spec.shape, async (tensor, part) => {
        for (const [level, codes] of (await compiled.run(tensor)).entries()) {
          keepRows(levels[level]!.data, integers(codes), batch, part);
        }
      });
      return levels;
    },
    dispose: () => compiled.dispose(),
  };
}

/** What tells how far images are from each code of a level, prepared on an engine. */
export interface DistanceMeter {
  /**
   * Of preprocessed images [n, height, width] and their codes of the levels before, [n, rows, columns] each, the squared distances
   * of what the level encodes to its codes: [n, rows, columns, K].
   */
  distances(level: number, images: Float32Array, earlier: readonly Int32Array[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export async function createDistanceMeter(
  engine: TensorEngine,
  parameters: HostTensors,
  { model, batch }: Omit<CodecOptions, "preprocessing">,
): Promise<DistanceMeter> {
  const specs = model.codeSpecs(batch);
  const image = model.imageSpec(batch);
  const compiled = await Promise.all(
    specs.map((_, level) =>
      engine.compile(model.distances, [image, specs.slice(0, level)], {
        name: `distances${level}`,
        parameters,
      }),
    ),
  );
  return {
    async distances(level, images, earlier) {
      const { codes, rows, columns } = model.levels[level]!;
      const distances = new Float32Array((images.length / sizeOf(model.size)) * rows * columns * codes);
      await eachBatch(images, image.shape, async (tensor, part) => {
        const given = earlier.map((codes, before) => paddedPart(codes, specs[before]!.shape, part.start));
        keepRows(distances, floats(await compiled[level]!.run(tensor, given)), batch, part);
      });
      return distances;
    },
    async dispose() {
      for (const one of compiled) await one.dispose();
    },
  };
}

/** Encoder and decoder, with the weights given anew at each call: for validation while a model trains. */
export interface MovingCodec {
  /** Reconstructs images, and gives the mean loss of a training step on them: with and without what codes add. */
  measure(
    parameters: HostTensors,
    images: Float32Array,
  ): Promise<Reconstructions & { readonly reconstruction: number; readonly quantization: number }>;
  dispose(): Promise<void>;
}

/** Images come in whole batches, over which losses are means. */
export async function createMovingCodec(
  engine: TensorEngine,
  parameters: HostTensors,
  options: CodecOptions & TrainStepOptions,
): Promise<MovingCodec> {
  const { model, batch } = options;
  const spec = model.imageSpec(batch);
  const compiled = await engine.compile(model.measure(options), [specsOf(parameters), spec], {
    name: "measure",
  });
  return {
    async measure(current, images) {
      const reconstructions = emptyReconstructions(images, options);
      const sums = { reconstruction: 0, quantization: 0 };
      let batches = 0;
      await eachBatch(images, spec.shape, async (tensor, part) => {
        const results = await compiled.run(current, tensor);
        reconstructions.keep(results, part);
        sums.reconstruction += floats(results.reconstruction)[0]!;
        sums.quantization += floats(results.quantization)[0]!;
        batches += 1;
      });
      return {
        ...reconstructions,
        reconstruction: sums.reconstruction / batches,
        quantization: sums.quantization / batches,
      };
    },
    dispose: () => compiled.dispose(),
  };
}

/** A trained decoder of the first levels of codes, prepared on an engine. */
export interface Decoder {
  /** Code indices of each of its levels, int32 [n, rows, columns], to images [n, height, width] in preprocessed units. */
  decode(levels: readonly LevelGrids[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Prepares the decoder of the first `count` levels; of fewer than all, it gives smaller pictures (`BoundVqvae.pictureSize`). */
export async function createDecoder(
  engine: TensorEngine,
  parameters: HostTensors,
  count: number,
  { model, batch, preprocessing }: CodecOptions,
): Promise<Decoder> {
  const specs = model.codeSpecs(batch).slice(0, count);
  const compiled = await engine.compile(model.decode, [specs], { name: "decode", parameters });
  const pixels = sizeOf(model.pictureSize(count));
  return {
    async decode(levels) {
      const total = levels[0]!.shape[0]!;
      const images = new Float32Array(total * pixels);
      for (let start = 0; start < total; start += batch) {
        const codes = levels.map(({ data }, level) => paddedPart(data, specs[level]!.shape, start));
        const decoded = floats(await compiled.run(codes));
        keepRows(images, decoded, batch, { start, count: Math.min(batch, total - start) });
      }
      return held(images, preprocessing);
    },
    dispose: () => compiled.dispose(),
  };
}

/** Code indices of the first levels to images, by a decoder that is used once: see {@link createDecoder}. */
export async function decodeCodes(
  engine: TensorEngine,
  parameters: HostTensors,
  levels: readonly LevelGrids[],
  options: CodecOptions,
): Promise<Float32Array> {
  const decoder = await createDecoder(engine, parameters, levels.length, options);
  return decoder.decode(levels).finally(() => decoder.dispose());
}

/** The encodings of each grid, [n, rows, columns, D], of images [n, height, width], before they become codes. */
export async function encodingsOf(
  engine: TensorEngine,
  parameters: HostTensors,
  images: Float32Array,
  { model, batch }: Omit<CodecOptions, "preprocessing">,
): Promise<HostTensor[]> {
  const spec = model.imageSpec(batch);
  const compiled = await engine.compile(model.features, [spec], { name: "features", parameters });
  const total = images.length / sizeOf(model.size);
  const grids: HostTensor[] = [];
  try {
    await eachBatch(images, spec.shape, async (tensor, part) => {
      for (const [grid, { data, shape }] of (await compiled.run(tensor)).entries()) {
        const whole = [total, ...shape.slice(1)];
        grids[grid] ??= float32(new Float32Array(sizeOf(whole)), whole);
        keepRows(floats(grids[grid]!), data, batch, part);
      }
    });
  } finally {
    await compiled.dispose();
  }
  return grids;
}

/** Grids of zeros for each level, int32 [count, rows, columns]. */
export function emptyLevels({ levels }: BoundVqvae, count: number): LevelGrids[] {
  return levels.map(({ rows, columns }) => {
    const shape = [count, rows, columns];
    return int32(new Int32Array(sizeOf(shape)), shape);
  });
}

/** What a compiled function makes of a batch of images. */
interface BatchResults {
  readonly images: HostTensor;
  readonly codes: readonly HostTensor[];
}

/** Reconstructions of images to come, and what keeps a batch's results `images` and `codes` among them. */
function emptyReconstructions(
  images: Float32Array,
  { model, batch, preprocessing }: CodecOptions,
): Reconstructions & { keep(results: BatchResults, part: Part): void } {
  const reconstructions = {
    images: new Float32Array(images.length),
    levels: emptyLevels(model, images.length / sizeOf(model.size)),
  };
  return {
    ...reconstructions,
    keep(results, part) {
      keepRows(reconstructions.images, held(floats(results.images), preprocessing), batch, part);
      for (const [level, grid] of results.codes.entries()) {
        keepRows(reconstructions.levels[level]!.data, integers(grid), batch, part);
      }
    },
  };
}

/** Decoded images with grain, if any, held among the values of the training slices. */
export function withGrain(
  images: Float32Array,
  grain: Grain | undefined,
  { model, preprocessing: { range } }: Pick<CodecOptions, "model" | "preprocessing">,
  options: Pick<AddGrainOptions, "seed" | "numbers">,
): Float32Array {
  if (grain === undefined) return images;
  const [height, width] = model.size;
  return addGrain(images, grain, { ...options, size: { height, width }, bounds: range?.preprocessed });
}

function held(images: Float32Array, { range }: Preprocessing): Float32Array {
  return range === undefined ? images : holdWithin(images, range.preprocessed);
}

/** Copies a batch's rows, without its padding, to where they belong among all. */
function keepRows<T extends Float32Array | Int32Array>(
  all: T,
  rows: HostTensor["data"],
  batch: number,
  { start, count }: Part,
): void {
  const each = rows.length / batch;
  all.set(rows.subarray(0, count * each), start * each);
}

/** Which of all the values a batch holds, without its padding. */
export interface Part {
  readonly start: number;
  readonly count: number;
}

/** Hands values over in tensors of one shape, [batch, …]; the last one is padded with zeros. */
async function eachBatch(
  values: Float32Array | Int32Array,
  shape: readonly number[],
  use: (tensor: HostTensor, part: Part) => Promise<void>,
): Promise<void> {
  const batch = shape[0]!;
  const total = (values.length * batch) / sizeOf(shape);
  for (let start = 0; start < total; start += batch) {
    await use(paddedPart(values, shape, start), { start, count: Math.min(batch, total - start) });
  }
}

/** The rows from `start` on as a tensor [batch, …], padded with zeros where there are too few. */
export function paddedPart(
  values: Float32Array | Int32Array,
  shape: readonly number[],
  start: number,
): HostTensor {
  const size = sizeOf(shape);
  const from = (start * size) / shape[0]!;
  const taken = values.subarray(from, from + size);
  if (taken instanceof Int32Array) {
    const padded = new Int32Array(size);
    padded.set(taken);
    return int32(padded, shape);
  }
  const padded = new Float32Array(size);
  padded.set(taken);
  return float32(padded, shape);
}
