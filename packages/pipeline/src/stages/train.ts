import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { float32, type HostTensors, random, SlicebookError } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import { countCodes, ssim, summarise, toUnitRange } from "@slicebook/core";
import { augment } from "@slicebook/datasets";
import type { Dataset } from "@slicebook/datasets/node";
import type { Engine } from "@slicebook/engine";
import { codeUse, placesShowing } from "@slicebook/measure";
import { createMovingCodec, encodingsOf, picturePairs } from "@slicebook/model";
import { dropFramesAfter, frameIsDue, saveFrame } from "@slicebook/report";
import type { ValidationMetrics } from "@slicebook/runs";
import { checkedCarry, loadCheckpoint, savePreprocessing } from "@slicebook/runs/tensors";
import type { Session } from "@slicebook/session";
import type { StageDefinition } from "./stage.ts";
import { type Trainee, train } from "./training.ts";

/** Slices in each picture of the progression. */
const FRAME_SLICES = 6;

export const trainStage: StageDefinition = {
  name: "train",
  sections: [],
  needs: [],
  resumable: true,

  async inputs({ config, fingerprint }) {
    const { root: _root, cache: _cache, covariates: _covariates, ...dataset } = config.dataset;
    const { checkpointSeconds: _seconds, ...schedule } = config.train;
    const { kind, device } = config.engine;
    // What the rate decides stands in the model's other options.
    const { rate: _rate, loss: lossWeights, ...model } = config.model;
    // A weight of 0 leaves nothing of the term, as in runs from before there was one.
    const { bits, ...loss } = lossWeights;
    const { seed } = config;
    return {
      dataset,
      model: { ...model, loss: { ...loss, ...(bits > 0 && { bits }) } },
      train: schedule,
      seed,
      engine: { kind, device },
      fingerprint: await fingerprint(),
    };
  },

  outputs: ({ paths }) => [paths.last, paths.best, paths.metrics, paths.preprocessing],

  async run(session, { inputs, resume }) {
    const { config, model, paths } = session;
    const from = await loadCheckpoint(paths.last);
    if (from !== undefined) {
      checkedCarry(paths.last, from, model.checkCarry);
      if (from.state.inputs !== inputs) throw otherTraining(paths.folder, paths.last);
      if (!from.state.finished && !resume) throw unfinished(paths.folder, from.state.step);
    }
    const [dataset, engine] = [await session.dataset(), await session.engine()];
    await mkdir(dirname(paths.last), { recursive: true });
    if (from === undefined) await rm(paths.progression, { recursive: true, force: true });
    else await dropFramesAfter(paths.progression, from.state.step);
    await savePreprocessing(paths.preprocessing, dataset.preprocessing);
    const validator = await validation(session, dataset, engine);
    try {
      const { seconds } = await train(trainee(session, dataset, engine, validator.validate), {
        engine,
        schedule: config.train,
        seed: config.seed,
        inputs,
        from,
        files: { last: paths.last, best: paths.best, metrics: paths.metrics, events: paths.events.train },
        unit: "images",
        onEvent: session.emit,
        signal: session.signal,
      });
      session.made(paths.best, "best checkpoint");
      session.made(paths.metrics, "metrics");
      return seconds;
    } finally {
      await validator.dispose();
    }
  },
};

function trainee(
  { config, model }: Session,
  dataset: Dataset,
  engine: Engine,
  validate: Trainee["validate"],
): Trainee {
  const { seed } = config;
  const { batch, augment: variation } = config.train;
  const { size, splits, statistics } = dataset;
  const [height, width] = size;
  const shape = { count: batch, height, width };
  let active = false;
  return {
    name: "train",
    // A data set of one value has no variance, and then nothing to divide by.
    step: model.trainStep({ dataVariance: statistics.variance || 1 }),
    initialCarry: () => model.initialCarry(seed),
    signature: model.stepInputs(batch),
    items: splits.train.records.length,
    inputs: (items, step) => {
      const images = augment(splits.train.images(items), shape, variation, random(seed, "augment", step));
      return {
        images: float32(images, [batch, ...size, 1]),
        ...model.stepNoise({ seed, step, batch }),
      };
    },
    beforeStep: async (at, loop) => {
      if (active || !model.codesDue(at)) return undefined;
      const carry = await loop.read();
      active = true;
      // Of a resumed training, codes may be in use already.
      if (model.codesActive(carry)) return undefined;
      const order = random(seed, "codebook-images").permutation(splits.train.records.length);
      const images = splits.train.images(order.subarray(0, model.codebookImages));
      const weights = model.parameters(carry, { average: false });
      const encodings = await encodingsOf(engine, weights, images, { model, batch });
      return model.withCodebook(carry, encodings, { seed });
    },
    validate,
  };
}

/**
 * Measures a fixed part of the validation split, and now and then keeps a picture of some of its slices.
 */
async function validation(
  { config, model, paths }: Session,
  { size, splits, statistics, preprocessing }: Dataset,
  engine: Engine,
): Promise<{ validate: Trainee["validate"]; dispose(): Promise<void> }> {
  const { seed } = config;
  const { validateSlices } = config.train;
  const set = splits.validate;
  const total = set.records.length;
  const dataVariance = statistics.variance || 1;
  // Whole batches, over which losses are means.
  const batch = Math.min(config.train.batch, validateSlices, total);
  const count = Math.min(validateSlices, total);
  const chosen = Array.from(
    random(seed, "validation")
      .permutation(total)
      .subarray(0, count - (count % batch)),
  ).sort((a, b) => a - b);
  const shown = spread(chosen.length, FRAME_SLICES);
  const images = set.images(chosen);
  const originals = set.originals(chosen);
  const [height, width] = size;
  const pixels = height * width;
  const showing = placesShowing(chosen.length, (at) => originals.subarray(at * pixels, (at + 1) * pixels));
  const subjects = showing.map((at) => set.records[chosen[at]!]!.subject);
  const parametersOf = (carry: HostTensors) => model.parameters(carry, { average: true });
  const codec = await createMovingCodec(engine, parametersOf(model.initialCarry(seed)), {
    model,
    preprocessing,
    batch,
    dataVariance,
  });

  async function validate(
    carry: HostTensors,
    step: number,
  ): Promise<{ metrics: ValidationMetrics; score: number }> {
    const parameters = parametersOf(carry);
    const measured = await codec.measure(parameters, images);
    const similarities = showing.map((at) => {
      const index = chosen[at]!;
      const [from, to] = [at * pixels, (at + 1) * pixels];
      const reconstruction = set.toOriginal(index, measured.images.subarray(from, to));
      const unit = toUnitRange(originals.subarray(from, to), reconstruction);
      return ssim(unit.original, unit.reconstruction, { height, width });
    });
    const { levels } = model;
    const counts = measured.levels.map(({ data }, level) => countCodes(data, levels[level]!.codes));
    const { perplexity, codesInUse } = codeUse(levels, counts);
    if (await frameIsDue(paths.progression, step)) {
      const part = new Float32Array(shown.length * pixels);
      for (const [to, from] of shown.entries()) {
        part.set(measured.images.subarray(from * pixels, (from + 1) * pixels), to * pixels);
      }
      const indices = shown.map((at) => chosen[at]!);
      await saveFrame(paths.progression, step, picturePairs(set, indices, part, size));
    }
    const metrics: ValidationMetrics = {
      loss: measured.reconstruction + (model.codesActive(carry) ? measured.quantization : 0),
      ssim: summarise(similarities, subjects, { scale: "correlation" }),
      perplexity,
      codesInUse,
    };
    return { metrics, score: metrics.ssim?.mean ?? 0 };
  }
  return { validate, dispose: () => codec.dispose() };
}

function unfinished(folder: string, step: number): SlicebookError {
  return new SlicebookError(
    "RUN_UNFINISHED",
    `the training in ${folder} was interrupted after step ${step}`,
    {
      remedy:
        "Add --resume to continue, give this run another name with run.name=NAME, or delete the folder.",
    },
  );
}

function otherTraining(folder: string, checkpoint: string): SlicebookError {
  return new SlicebookError(
    "RUN_DIFFERS",
    `${checkpoint} is of another training than ${folder} now describes: data or settings have changed`,
    { remedy: "Give this run another name with run.name=NAME, or delete the folder." },
  );
}
