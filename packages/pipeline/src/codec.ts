import { float32, type HostTensor, type HostTensors, int32, sizeOf } from "@slicebook/base";
import { specsOf, type VqvaeConfig, vqvae } from "@slicebook/core";
import type { Compiled, Engine } from "@slicebook/engine";

/** How a codec is prepared: images of one size, so many at a time. */
export interface CodecOptions {
  readonly model: VqvaeConfig;
  readonly size: readonly [height: number, width: number];
  readonly batch: number;
}

/** Images and the indices of the codes they are made of. */
interface Reconstructions {
  /** [n, height, width], in preprocessed units. */
  readonly images: Float32Array;
  /** [n, rows, columns]. */
  readonly indices: Int32Array;
}

/** A trained encoder and decoder, prepared on an engine. */
export interface Codec {
  /** Preprocessed images [n, height, width] through encoder and decoder. */
  reconstruct(images: Float32Array): Promise<Reconstructions>;
  dispose(): Promise<void>;
}

/** Prepares encoder and decoder with weights that stay as they are. */
export async function createCodec(
  engine: Engine,
  parameters: HostTensors,
  options: CodecOptions,
): Promise<Codec> {
  const { model, size, batch } = options;
  const compiled = await engine.compile(vqvae.reconstruct(model), [vqvae.imageSpec(model, { batch, size })], {
    name: "reconstruct",
    parameters,
  });
  return {
    reconstruct: (images) => reconstructWith(compiled, [], images, options),
    dispose: () => compiled.dispose(),
  };
}

/** A trained encoder, prepared on an engine. */
export interface Encoder {
  /** Preprocessed images [n, height, width] to code indices [n, rows, columns]. */
  encode(images: Float32Array): Promise<Int32Array>;
  dispose(): Promise<void>;
}

export async function createEncoder(
  engine: Engine,
  parameters: HostTensors,
  { model, size, batch }: CodecOptions,
): Promise<Encoder> {
  const spec = vqvae.imageSpec(model, { batch, size });
  const compiled = await engine.compile(vqvae.encode(model), [spec], { name: "encode", parameters });
  const grid = sizeOf(vqvae.gridSize(model, size));
  return {
    async encode(images) {
      const indices = new Int32Array((images.length / (size[0] * size[1])) * grid);
      await eachBatch(images, spec.shape, async (part, { start, count }) => {
        const found = integers(tensorOf(await compiled.run(part)));
        indices.set(found.subarray(0, count * grid), start * grid);
      });
      return indices;
    },
    dispose: () => compiled.dispose(),
  };
}

/** Encoder and decoder, with the weights given anew at each call: what looks at a model while it trains. */
export interface MovingCodec {
  reconstruct(
    parameters: HostTensors,
    images: Float32Array,
  ): Promise<
    Reconstructions & {
      /** [n, rows, columns, D], before they become codes. */ readonly encodings: Float32Array;
    }
  >;
  dispose(): Promise<void>;
}

export async function createMovingCodec(
  engine: Engine,
  parameters: HostTensors,
  options: CodecOptions,
): Promise<MovingCodec> {
  const { model, size, batch } = options;
  const [reconstruct, features] = [vqvae.reconstruct(model), vqvae.features(model)];
  const compiled = await engine.compile(
    (...given: Parameters<typeof reconstruct>) => ({
      ...reconstruct(...given),
      encodings: features(...given),
    }),
    [specsOf(parameters), vqvae.imageSpec(model, { batch, size })],
    { name: "reconstruct" },
  );
  return {
    async reconstruct(current, images) {
      const grid = sizeOf(vqvae.gridSize(model, size));
      const each = grid * model.codeDimension;
      const encodings = new Float32Array((images.length / (size[0] * size[1])) * each);
      const found = await reconstructWith(compiled, [current], images, {
        ...options,
        also: (result, { start, count }) =>
          encodings.set(floats(result.encodings!).subarray(0, count * each), start * each),
      });
      return { ...found, encodings };
    },
    dispose: () => compiled.dispose(),
  };
}

/** Code indices [n, rows, columns] to images [n, height, width] in preprocessed units. */
export async function decodeCodes(
  engine: Engine,
  parameters: HostTensors,
  indices: Int32Array,
  { model, size, batch }: CodecOptions,
): Promise<Float32Array> {
  const spec = vqvae.codeSpec(model, { batch, size });
  const compiled = await engine.compile(vqvae.decode(model), [spec], { name: "decode", parameters });
  const pixels = size[0] * size[1];
  const images = new Float32Array((indices.length / sizeOf(spec.shape)) * batch * pixels);
  try {
    await eachBatch(indices, spec.shape, async (codes, { start, count }) => {
      const decoded = tensorOf(await compiled.run(codes));
      images.set(floats(decoded).subarray(0, count * pixels), start * pixels);
    });
  } finally {
    await compiled.dispose();
  }
  return images;
}

/** The encodings [n, rows, columns, D] of images [n, height, width], before they become codes. */
export async function encodingsOf(
  engine: Engine,
  parameters: HostTensors,
  images: Float32Array,
  { model, size, batch }: CodecOptions,
): Promise<HostTensor> {
  const spec = vqvae.imageSpec(model, { batch, size });
  const compiled = await engine.compile(vqvae.features(model), [spec], { name: "features", parameters });
  const shape = [images.length / (size[0] * size[1]), ...vqvae.gridSize(model, size), model.codeDimension];
  const encodings = new Float32Array(sizeOf(shape));
  const each = sizeOf(shape.slice(1));
  try {
    await eachBatch(images, spec.shape, async (part, { start, count }) => {
      const encoded = tensorOf(await compiled.run(part));
      encodings.set(floats(encoded).subarray(0, count * each), start * each);
    });
  } finally {
    await compiled.dispose();
  }
  return float32(encodings, shape);
}

async function reconstructWith(
  compiled: Compiled,
  first: readonly HostTensors[],
  images: Float32Array,
  { model, size, batch, also }: CodecOptions & { readonly also?: (result: HostTensors, part: Part) => void },
): Promise<Reconstructions> {
  const pixels = size[0] * size[1];
  const grid = sizeOf(vqvae.gridSize(model, size));
  const found = {
    images: new Float32Array(images.length),
    indices: new Int32Array((images.length / pixels) * grid),
  };
  await eachBatch(images, vqvae.imageSpec(model, { batch, size }).shape, async (part, { start, count }) => {
    // A record, as the compiled function gives it.
    const result = (await compiled.run(...first, part)) as HostTensors;
    found.images.set(floats(result.images!).subarray(0, count * pixels), start * pixels);
    found.indices.set(integers(result.indices!).subarray(0, count * grid), start * grid);
    also?.(result, { start, count });
  });
  return found;
}

/** Which of all the values a batch holds, without its padding. */
export interface Part {
  readonly start: number;
  readonly count: number;
}

/** Hands values over in tensors of one shape, [batch, …]; the last one is padded with zeros. */
export async function eachBatch(
  values: Float32Array | Int32Array,
  shape: readonly number[],
  use: (tensor: HostTensor, part: Part) => Promise<void>,
): Promise<void> {
  const batch = shape[0]!;
  const each = sizeOf(shape) / batch;
  const total = values.length / each;
  for (let start = 0; start < total; start += batch) {
    const count = Math.min(batch, total - start);
    const taken = values.subarray(start * each, (start + count) * each);
    const padded =
      taken instanceof Int32Array ? new Int32Array(batch * each) : new Float32Array(batch * each);
    padded.set(taken);
    const tensor = padded instanceof Int32Array ? int32(padded, shape) : float32(padded, shape);
    await use(tensor, { start, count });
  }
}

export function floats({ data }: HostTensor): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError("expected a float32 tensor");
  return data;
}

export function integers({ data }: HostTensor): Int32Array {
  if (!(data instanceof Int32Array)) throw new TypeError("expected an int32 tensor");
  return data;
}

function tensorOf(result: Awaited<ReturnType<Compiled["run"]>>): HostTensor {
  return result as HostTensor; // the compiled function gives one tensor
}
