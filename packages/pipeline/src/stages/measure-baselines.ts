import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { interruptedError, random } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import { type CodeTable, ownUnitRange, toUnitRange } from "@slicebook/core";
import type { Dataset, SliceSet } from "@slicebook/datasets/node";
import {
  encodeWithin,
  figureSummaries,
  fileBytes,
  greyImage,
  IMAGE_CODECS,
  type ImageCodec,
  inUnitsOf,
  meanImage,
  placesShowing,
  reconstructByComponents,
} from "@slicebook/measure";
import type { Codec, Greys } from "@slicebook/model";
import { type Baseline, type Baselines, measureSlice, type SliceFigures } from "@slicebook/runs";
import { codesOf } from "@slicebook/runs/tensors";
import { reportProgress, type Session } from "@slicebook/session";
import type { CodedPictures } from "./save-equal-bytes.ts";

/** Test slices that are measured, at most: searching AVIF's quality for one of 256×256 takes more than a second. */
const MOST_SLICES = 50;
/** This many of these are kept as pictures. */
const KEPT = 4;
/** Training slices whose principal components are taken, at most. */
const MOST_TRAINING = 512;
/** Of a component's float32 coefficient. */
const COEFFICIENT_BYTES = 4;

/** One row of the table, before its figures are summarised. */
type Measured = Pick<Baseline, "name" | "bitsPerPixel" | "components" | "larger"> & {
  readonly figures: readonly SliceFigures[];
};

export interface BaselineOptions {
  readonly codec: Codec;
  /** By which the slices' files are written. */
  readonly tables: readonly CodeTable[];
}

/**
 * What else can be made of test slices with as many bytes as the files of their codes take, on the same slices and
 * by the same protocol as the model: the mean of the training slices, their principal components with as many float32
 * coefficients as fit in, and JPEG, WebP and AVIF at the quality that comes nearest from below.
 *
 * The model's files are those coded by tables: the prior, by which they are smaller, is not trained yet.
 *
 * The codecs' files count whole, as ours do, but for the range by which 8 bits become the slice's own units again; that
 * of the mean and the components counts as little. Without training slices, those two are left out.
 *
 * A few of the slices are given as pictures too, spread over those measured: by the model and by the image formats.
 */
export async function measureBaselines(
  session: Session,
  dataset: Dataset,
  { codec: model, tables }: BaselineOptions,
): Promise<{ readonly baselines: Baselines; readonly pictures: CodedPictures }> {
  const { config, signal, emit } = session;
  const set = dataset.splits.test;
  const [height, width] = dataset.size;
  const pixels = height * width;
  const total = set.records.length;
  const drawn = Array.from(random(config.seed, "baselines").permutation(total).subarray(0, MOST_SLICES)).sort(
    (a, b) => a - b,
  );
  const chosen = placesShowing(drawn.length, (at) => set.originals([drawn[at]!])).map((at) => drawn[at]!);
  const progress = reportProgress(emit, "evaluate", "slices");
  const originals = set.originals(chosen);
  const originalAt = (at: number) => originals.subarray(at * pixels, (at + 1) * pixels);
  const compared = (reconstruction: (at: number) => Float32Array) =>
    chosen.map((_, at) => measureSlice(originalAt(at), reconstruction(at), { height, width }));
  const inUnits = (images: Float32Array) => (at: number) =>
    set.toOriginal(chosen[at]!, images.subarray(at * pixels, (at + 1) * pixels));
  const perPixel = (bytes: readonly number[]) =>
    (8 * bytes.reduce((sum, count) => sum + count, 0)) / (bytes.length * pixels);

  const prepared = set.images(chosen);
  const { images, levels } = await model.reconstruct(prepared);
  const bytes = chosen.map((index, at) => fileBytes(set.records[index]!.path, codesOf(levels, at), tables));
  const rows: Measured[] = [];
  const kept = spread(chosen.length, KEPT);
  const ways: CodedPictures["ways"][number][] = [];
  /** Measures all slices by a way to code each in a file, and keeps some. */
  const add = (
    name: Baseline["name"],
    bytes: readonly number[],
    reconstruction: (at: number) => Float32Array,
    row: Pick<Baseline, "larger"> = {},
  ) => {
    const figures = compared(reconstruction);
    rows.push({ name, bitsPerPixel: perPixel(bytes), ...row, figures });
    ways.push({
      name,
      slices: kept.map((at) => ({ bytes: bytes[at]!, ...figures[at]! })),
      pictures: greysOf(kept, (at) => toUnitRange(originalAt(at), reconstruction(at)).reconstruction),
    });
  };
  const greysOf = (places: readonly number[], image: (at: number) => ArrayLike<number>): Greys => {
    const data = new Float32Array(places.length * pixels);
    for (const [index, at] of places.entries()) data.set(image(at), index * pixels);
    return { data, shape: [places.length, height, width] };
  };
  add("model", bytes, inUnits(images));

  const training = dataset.splits.train;
  const learned = trainingImages(training, config.seed);
  if (learned !== undefined) {
    const mean = await meanOfAll(training, pixels, signal);
    rows.push({
      name: "mean",
      bitsPerPixel: 0,
      figures: compared((at) => set.toOriginal(chosen[at]!, mean)),
    });
    const most = Math.floor(bytes.reduce((sum, count) => sum + count, 0) / bytes.length / COEFFICIENT_BYTES);
    const reconstructed = await reconstructByComponents(await session.engine(), {
      training: learned,
      images: prepared,
      pixels,
      most,
    });
    rows.push({
      name: "pca",
      bitsPerPixel: (8 * COEFFICIENT_BYTES * reconstructed.components) / pixels,
      components: reconstructed.components,
      figures: compared(inUnits(reconstructed.images)),
    });
  }

  let done = 0;
  for (const codec of IMAGE_CODECS) {
    const coded: FormattedSlice[] = [];
    while (coded.length < chosen.length) {
      if (signal?.aborted) throw interruptedError();
      // Encoders have threads of their own: as many slices at a time as there are cores.
      const places = [...bytes.keys()].slice(coded.length, coded.length + availableParallelism());
      const near = coded.at(-1)?.quality;
      const some = places.map((at) =>
        throughCodec(originalAt(at), codec, { bytes: bytes[at]!, near, height, width }),
      );
      coded.push(...(await Promise.all(some)));
      done += places.length;
      progress(done, IMAGE_CODECS.length * chosen.length);
    }
    add(
      codec.name,
      coded.map((slice) => slice.bytes),
      (at) => coded[at]!.image,
      { larger: coded.filter((slice, at) => slice.bytes > bytes[at]!).length },
    );
  }
  const subjects = chosen.map((index) => set.records[index]!.subject);
  return {
    baselines: {
      slices: chosen.length,
      of: total,
      ...(learned === undefined ? {} : { trainingSlices: learned.length / pixels }),
      rows: rows.map(({ figures, ...row }) => ({ ...row, ...figureSummaries(figures, subjects) })),
    },
    pictures: {
      originals: greysOf(kept, (at) => ownUnitRange(originalAt(at))),
      slices: kept.map((at) => ({ name: set.records[chosen[at]!]!.name })),
      ways,
    },
  };
}

/** A slice as an image file has it. */
interface FormattedSlice {
  /** In its own units. */
  readonly image: Float32Array;
  readonly bytes: number;
  readonly quality: number;
}

/** A slice as an image file of at most this many bytes has it. */
async function throughCodec(
  original: Float32Array,
  codec: ImageCodec,
  {
    bytes,
    near,
    height,
    width,
  }: {
    readonly bytes: number;
    readonly near: number | undefined;
    readonly height: number;
    readonly width: number;
  },
): Promise<FormattedSlice> {
  const coded = await encodeWithin(greyImage(original, { height, width }), codec, bytes, { near });
  return {
    image: inUnitsOf(original, await codec.decode(coded.bytes)),
    bytes: coded.bytes.length,
    quality: coded.quality,
  };
}

/** The training slices to take components of, preprocessed; undefined where there are none. */
function trainingImages({ records, images }: SliceSet, seed: number): Float32Array | undefined {
  if (records.length === 0) return undefined;
  const order = random(seed, "components").permutation(records.length);
  return images(order.subarray(0, MOST_TRAINING).sort());
}

async function meanOfAll(
  { records, images }: SliceSet,
  pixels: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const batch = 64;
  const mean = new Float64Array(pixels);
  for (let start = 0; start < records.length; start += batch) {
    if (signal?.aborted) throw interruptedError();
    const part = Array.from({ length: Math.min(batch, records.length - start) }, (_, index) => start + index);
    const partMean = meanImage(images(part), pixels);
    const weight = part.length / records.length;
    for (let pixel = 0; pixel < pixels; pixel++) mean[pixel]! += weight * partMean[pixel]!;
    await setImmediate();
  }
  return Float32Array.from(mean);
}
