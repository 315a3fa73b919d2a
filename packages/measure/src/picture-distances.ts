import { setImmediate } from "node:timers/promises";
import { interruptedError } from "@slicebook/base";
import {
  coverageAndDensity,
  type ImageSize,
  PATCH_SIDE,
  pyramidDistances,
  REDUCED_SIDE,
  reducedSize,
  type SliceFeatures,
  sliceFeatures,
  twoSampleAuc,
} from "@slicebook/core";
import type { PictureDistances, ThreePairs } from "@slicebook/runs";

/** Real points whose distance makes a ball, as the authors of coverage and density have it. */
const NEAREST = 5;
/** Patches of each level, of every set, for each sample: with 64, a set's distance varied by half with the seed. */
const PATCHES_A_SAMPLE = 256;
const MOST_PATCHES = 16_384;
/** Directions that patches are projected on: more change the third digit. */
const DIRECTIONS = 128;
const FOLDS = 5;

/** Slices of one scale, [n, height, width] in preprocessed units. */
export interface PictureSets {
  readonly size: ImageSize;
  /** With grain, as they are shown. */
  readonly samples: Float32Array;
  /** Real test slices, and whose each is. */
  readonly test: { readonly images: Float32Array; readonly subjects: readonly string[] };
  /** Those test slices, encoded and decoded, with grain as samples have it: samples of a faultless prior. */
  readonly reconstructions: Float32Array;
  /** Both as the decoder makes them: by these, what the prior alone costs is told, since grain would hide some of it. */
  readonly smooth: { readonly samples: Float32Array; readonly reconstructions: Float32Array };
  /** Real training slices, as many as samples: what one real set is from another. */
  readonly training: { readonly images: Float32Array; readonly subjects: readonly string[] };
  /** Of training slices, mapped to [0, 1] for all sets; nothing is clipped. */
  readonly range: { readonly minimum: number; readonly range: number };
  /** Decides patches, directions and folds. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How far samples, real training slices and reconstructions are from real test slices, on their pixels: coverage and
 * density of reduced pictures, the distance of patches, and how well a classifier tells each from test slices.
 *
 * What too few slices or subjects, or too small ones, do not allow is null.
 */
export async function pictureDistances(sets: PictureSets): Promise<PictureDistances> {
  const { size, test, training, range, seed, signal } = sets;
  const pause = async () => {
    await setImmediate();
    if (signal?.aborted) throw interruptedError();
  };
  const scale = range.range === 0 ? 1 : range.range;
  const unit = (images: Float32Array) => images.map((value) => (value - range.minimum) / scale);
  const images = {
    samples: unit(sets.samples),
    floor: unit(training.images),
    reconstructions: unit(sets.reconstructions),
  };
  const real = unit(test.images);
  const counts = {
    samples: sets.samples.length / (size.height * size.width),
    training: training.subjects.length,
    test: test.subjects.length,
    testSubjects: new Set(test.subjects).size,
  };

  const features = {
    samples: sliceFeatures(images.samples, size),
    floor: sliceFeatures(images.floor, size),
    reconstructions: sliceFeatures(images.reconstructions, size),
  };
  const realFeatures = sliceFeatures(real, size);
  await pause();
  const neighbours = enoughNeighbours(test.subjects)
    ? neighboursOf(features, { features: realFeatures, subjects: test.subjects }, size)
    : null;
  const slicedWasserstein =
    Math.min(size.height, size.width) >= PATCH_SIDE
      ? patchesOf(images, real, {
          size,
          patches: Math.min(MOST_PATCHES, PATCHES_A_SAMPLE * counts.samples),
          seed,
        })
      : null;
  await pause();

  const groups = {
    samples: Array.from({ length: counts.samples }, (_, index) => `sample ${index}`),
    floor: training.subjects.map((subject) => `training ${subject}`),
    reconstructions: test.subjects,
  };
  const enough = [...Object.values(groups), test.subjects].every((names) => new Set(names).size >= 2);
  const aucOf = async (
    name: keyof typeof groups,
    setFeatures = features[name],
    otherFeatures = realFeatures,
  ) => {
    await pause();
    return twoSampleAuc(
      { features: setFeatures, groups: groups[name] },
      { features: otherFeatures, groups: test.subjects },
      { folds: FOLDS, seed },
    );
  };
  const smooth = (images: Float32Array) => sliceFeatures(unit(images), size);
  return {
    counts,
    range: { minimum: range.minimum, maximum: range.minimum + range.range },
    neighbours,
    slicedWasserstein,
    auc: enough
      ? {
          samples: await aucOf("samples"),
          floor: await aucOf("floor"),
          reconstructions: await aucOf("reconstructions"),
        }
      : null,
    aucAgainstReconstructions: enough
      ? await aucOf("samples", smooth(sets.smooth.samples), smooth(sets.smooth.reconstructions))
      : null,
  };
}

/** Whether each slice has as many slices of other subjects as make a ball. */
function enoughNeighbours(subjects: readonly string[]): boolean {
  const most = Math.max(...subjects.map((subject) => subjects.filter((other) => other === subject).length));
  return subjects.length - most >= NEAREST;
}

type OfEach<T> = Readonly<Record<keyof ThreePairs, T>>;

function neighboursOf(
  features: OfEach<SliceFeatures>,
  real: { readonly features: SliceFeatures; readonly subjects: readonly string[] },
  size: ImageSize,
): PictureDistances["neighbours"] {
  const of = (name: keyof ThreePairs) =>
    coverageAndDensity(real.features.pictures, features[name].pictures, {
      nearest: NEAREST,
      groups: real.subjects,
    });
  const measured = { samples: of("samples"), floor: of("floor"), reconstructions: of("reconstructions") };
  const { height, width } = reducedSize(size, REDUCED_SIDE);
  return {
    size: [height, width],
    nearest: NEAREST,
    coverage: eachOf(measured, ({ coverage }) => coverage),
    density: eachOf(measured, ({ density }) => density),
  };
}

function patchesOf(
  images: OfEach<Float32Array>,
  real: Float32Array,
  { size, patches, seed }: { readonly size: ImageSize; readonly patches: number; readonly seed: number },
): PictureDistances["slicedWasserstein"] {
  const levels = pyramidDistances(real, [images.samples, images.floor, images.reconstructions], {
    size,
    patches,
    directions: DIRECTIONS,
    seed,
  }).map(({ size: { height, width }, distances: [samples, floor, reconstructions] }) => ({
    size: [height, width] as [number, number],
    samples: samples!,
    floor: floor!,
    reconstructions: reconstructions!,
  }));
  const mean = (name: keyof ThreePairs) =>
    levels.reduce((sum, level) => sum + level[name], 0) / levels.length;
  return {
    levels,
    mean: { samples: mean("samples"), floor: mean("floor"), reconstructions: mean("reconstructions") },
  };
}

function eachOf<T>(measured: OfEach<T>, value: (one: T) => number): ThreePairs {
  return {
    samples: value(measured.samples),
    floor: value(measured.floor),
    reconstructions: value(measured.reconstructions),
  };
}
