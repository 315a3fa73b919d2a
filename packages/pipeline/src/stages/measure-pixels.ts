import { isSlicebookError } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import { type Grain, rangeOf } from "@slicebook/core";
import type { SliceSet } from "@slicebook/datasets/node";
import { limitOf, pictureDistances } from "@slicebook/measure";
import { type CodecOptions, decodeCodes, withGrain } from "@slicebook/model";
import type { Novelty } from "@slicebook/runs";
import { type CodeGrids, loadPreprocessing, takeGrids } from "@slicebook/runs/tensors";
import { modelParameters, type Session } from "@slicebook/session";

/** Slices of each set, at most, spread evenly: the figures are steady, and take seconds. */
const MOST = 128;
/** Slices decoded at a time. */
const DECODED = 8;
/** Training slices that are read at a time for their range. */
const READ = 32;

/**
 * Measures samples on their pixels against the data set's real slices of the same classes, and says what limits them.
 *
 * The data set has to be at hand and to be the one that the run was trained on; where it is not, a warning says so, and
 * null is given.
 */
export async function measurePixels(
  session: Session,
  samples: CodeGrids,
  codes: { readonly training: CodeGrids; readonly test: CodeGrids; readonly grain: Grain | undefined },
): Promise<NonNullable<Novelty["pixels"]> | null> {
  const { config, model, emit, signal } = session;
  const dataset = await session.unchangedDataset().catch((error: unknown) => {
    if (!isSlicebookError(error) || error.code === "INTERRUPTED") throw error;
    emit({ type: "warning", text: `samples are not compared with real slices' pixels: ${error.message}` });
  });
  if (dataset === undefined) return null;
  const { splits } = dataset;
  const [height, width] = model.size;
  const drawn = new Set(samples.labels);
  const ofThese = ({ labels }: CodeGrids) => [...labels.keys()].filter((index) => drawn.has(labels[index]!));
  const some = (indices: readonly number[], most: number) =>
    spread(indices.length, most).map((at) => indices[at]!);
  const sampleIndices = spread(samples.labels.length, MOST);
  const training = ofThese(codes.training);
  const floor = some(training, sampleIndices.length);
  const test = some(ofThese(codes.test), MOST);

  const [engine, parameters] = [await session.engine(), await modelParameters(session)];
  const preprocessing = await loadPreprocessing(session);
  const options: CodecOptions = { model, preprocessing, batch: DECODED };
  const decoded = (grids: CodeGrids, indices: readonly number[]) =>
    decodeCodes(engine, parameters, takeGrids(grids, indices).levels, options);
  const real = (set: SliceSet, indices: readonly number[]) => ({
    images: set.images(indices),
    subjects: indices.map((index) => set.records[index]!.subject),
  });
  const smooth = {
    samples: await decoded(samples, sampleIndices),
    reconstructions: await decoded(codes.test, test),
  };
  const { seed } = config.sample;
  const total = samples.labels.length;
  const distances = await pictureDistances({
    size: { height, width },
    smooth,
    samples: withGrain(smooth.samples, codes.grain, options, { seed, numbers: sampleIndices }),
    test: real(splits.test, test),
    reconstructions: withGrain(smooth.reconstructions, codes.grain, options, {
      seed,
      numbers: test.map((index) => total + index), // not the noise of any sample
    }),
    training: real(splits.train, floor),
    range: rangeOfSlices(splits.train, training, height * width),
    seed,
    signal,
  });
  const { prior } = await session.evaluations();
  const limit = limitOf({
    distances,
    bits: prior && { train: prior.train.bitsPerCode, validate: prior.validate.bitsPerCode },
    config,
    trainingSlices: codes.training.labels.length,
  });
  return { distances, limit };
}

/** The least and the largest pixel of slices, of which a few are in memory at a time. */
function rangeOfSlices(set: SliceSet, indices: readonly number[], pixels: number) {
  const buffer = new Float32Array(READ * pixels);
  let [minimum, maximum] = [Infinity, -Infinity];
  for (let start = 0; start < indices.length; start += READ) {
    const part = indices.slice(start, start + READ);
    const partRange = rangeOf(set.images(part, buffer).subarray(0, part.length * pixels));
    minimum = Math.min(minimum, partRange.minimum);
    maximum = Math.max(maximum, partRange.minimum + partRange.range);
  }
  return { minimum, range: maximum - minimum };
}
