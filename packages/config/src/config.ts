import { perLevel, vqvaeSchema } from "@slicebook/core";
import { augmentSchema, augments, type DatasetConfig, datasetSchema } from "@slicebook/datasets";
import { AUTO, DEVICES, ENGINE_KINDS, PRECISIONS } from "@slicebook/engine";
import { z } from "zod";
import { builtInPriors, DEFAULT_PRIOR } from "./built-in-priors.ts";

/** The version of the configuration's own form, written into every run's `config.yaml`. */
const CONFIG_VERSION = 1;

const positive = z.number().positive();
const positiveInteger = z.int().positive();
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

const limits = {
  minutes: positive
    .nullable()
    .default(null)
    .describe("Stop after this many minutes of training; null: no such limit."),
  epochs: positiveInteger
    .nullable()
    .default(null)
    .describe("Stop after this many epochs; null: no such limit."),
  steps: positiveInteger
    .nullable()
    .default(null)
    .describe("Stop after this many steps; null: no such limit."),
};

const cadence = {
  validateEvery: positive
    .default(1)
    .describe(
      "Epochs between two validations, 0.5 for every half. Short runs validate at least five " +
        "times; runs limited by minutes less often where it would take more than a tenth of the time.",
    ),
  patience: positiveInteger
    .nullable()
    .default(null)
    .describe("Stop after this many validations without an improvement; null: never."),
  checkpointSeconds: positive
    .default(30)
    .describe("Seconds of training between two saved checkpoints, at most."),
};

const limited = (section: { minutes: number | null; epochs: number | null; steps: number | null }) =>
  section.minutes !== null || section.epochs !== null || section.steps !== null;
const noLimit = { error: "needs a limit: give at least one of minutes, epochs, steps" };

const trainSchema = z
  .strictObject({
    ...limits,
    batch: positiveInteger
      .default(2)
      .describe(
        "Slices per step: few learn more in the same minutes on a CPU, 8 or 16 use a graphics card better.",
      ),
    augment: augmentSchema
      .prefault({})
      .describe("How training slices are varied at random, by the seed and the step; all off unless given."),
    ...cadence,
    overfit: positiveInteger
      .nullable()
      .default(null)
      .describe(
        "Train, validate and test on this many training slices only, to see whether the model can learn them at " +
          "all: its figures then say nothing about other slices. null: use the whole data set.",
      ),
    validateSlices: positiveInteger
      .default(64)
      .describe("Validation slices used, drawn by the seed once per run where the split has more."),
  })
  .refine(limited, noLimit);

const { shape: amounts } = augmentSchema;
const priorAugmentSchema = z
  .strictObject({
    copies: z
      .int()
      .min(0)
      .max(64)
      .nullable()
      .default(null)
      .describe(
        "Varied copies of each training slice, at most 8192 in all; 0: none; null: by how many slices there are, none " +
          "from 2000 on.",
      ),
    shift: amounts.shift.default(0.03),
    rotation: amounts.rotation.default(5),
    zoom: amounts.zoom.default(0.06),
    elastic: amounts.elastic.default(0.015),
    flip: amounts.flip,
    intensity: amounts.intensity.default(0.1),
  })
  .refine((augment) => augment.copies === 0 || augment.copies === null || augments(augment), {
    error:
      "copies that nothing varies: give at least one of shift, rotation, zoom, elastic, flip or intensity",
  });

const priorSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .default(DEFAULT_PRIOR)
      .describe(
        `The prior: ${[...builtInPriors.keys()].join(", ")}, or a package or module (from the current directory) with a ` +
          "prior of yours.",
      ),
    ...limits,
    batch: perLevel(positiveInteger)
      .default(16)
      .describe("Code grids per step: of all levels, or of each, the coarsest first."),
    shares: z
      .array(positive)
      .min(1)
      .nullable()
      .default(null)
      .describe(
        "How the minutes are shared out among the levels of codes, the coarsest first: time that one does not need is " +
          "left to those after it. null: evenly.",
      ),
    augment: priorAugmentSchema
      .prefault({})
      .describe(
        "The prior learns the codes of varied copies of the training slices as well, encoded when its training " +
          "starts; epochs then have as many grids more.",
      ),
    ...cadence,
    patience: positiveInteger
      .nullable()
      .default(10)
      .describe("Stop after this many validations without an improvement; null: never."),
    keep: z
      .enum(["best", "last"])
      .default("best")
      .describe(
        "Which weights samples are drawn from: those that did best on the validation split, or the last ones, where " +
          "validation slices are too few, or of too few kinds, to tell.",
      ),
    options: z.record(z.string(), z.unknown()).default({}).describe("The prior's own options."),
  })
  .refine(limited, noLimit);

const sampleSchema = z.strictObject({
  count: z.int().min(1).max(4096).default(16).describe("Samples to draw."),
  temperature: perLevel(positive)
    .default(1)
    .describe(
      "Divides the prior's logits, of all levels of codes or of each, the coarsest first: below 1 safer, above 1 more " +
        "varied.",
    ),
  firstRowTemperature: positive
    .nullable()
    .default(null)
    .describe(
      "The temperature of the coarsest grid's first row, which decides the kind of a slice where there are several: a low one " +
        "draws the kind that is easiest to predict too often; null: as the rest.",
    ),
  topK: positiveInteger
    .nullable()
    .default(null)
    .describe("Draw among the k likeliest codes only; null: among all."),
  topP: perLevel(z.number().gt(0).max(1))
    .nullable()
    .default(null)
    .describe(
      "Draw among the likeliest codes that make up this probability only, of all levels or of each; null: among all.",
    ),
  candidates: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      "Coarsest grids drawn for each sample, of which a plausible one is kept: of the quarter nearest to training slices, " +
        "the farthest.",
    ),
  grain: z
    .boolean()
    .default(true)
    .describe(
      "Give samples the noise that training slices have beyond what their codes say, as strong as in slices and places of " +
        "such detail; false: as the decoder makes them, smoother.",
    ),
  redraws: z
    .int()
    .min(0)
    .max(16)
    .default(3)
    .describe(
      "How often a sample that is nearly a training slice (flagged as memorised) is drawn anew, at most; 0: never, it is only " +
        "counted.",
    ),
  seed: seed.default(0).describe("Decides the samples; each depends on the seed and its number only."),
  class: z
    .string()
    .nullable()
    .default(null)
    .describe("The class to draw, in data sets that have classes; null: each in turn."),
  position: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe(
      "Where in its scan each sample lies, from 0, the first slice, to 1, the last, for a prior that is conditioned on it; " +
        "null: anywhere.",
    ),
  covariates: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .default({})
    .describe(
      "What samples are to show besides their class, such as { age: 70, sex: F }, where the data set says so of its " +
        "slices; the others as some training slice has them, by the seed.",
    ),
  guidance: z
    .number()
    .min(0)
    .default(1)
    .describe(
      "How closely samples follow class, position and covariates: above 1 more than slices do, below 1 less, 0 not at all; " +
        "other than 1 for a prior with prior.options.conditionDropout.",
    ),
});

const engineSchema = z.strictObject({
  kind: z
    .enum([...ENGINE_KINDS, AUTO])
    .default("onnx")
    .describe(
      "onnx: compiled by ONNX Runtime. tensorflow: tfjs-node-gpu or tfjs-node, if installed. webgpu: TensorFlow.js on a " +
        "graphics card, an op at a time. wasm: TensorFlow.js in WebAssembly, which cannot train. cpu: TensorFlow.js's own, " +
        "about a hundred times slower, for reference. auto: the fastest that can train here, which may differ by machine.",
    ),
  device: z
    .enum(DEVICES)
    .nullable()
    .default(null)
    .describe("Where the engine computes; null: on its usual device, which is the CPU for onnx."),
  threads: z.int().min(1).max(1024).nullable().default(null).describe("Threads; null: one per core."),
  precision: z
    .enum(PRECISIONS)
    .default("float32")
    .describe(
      "How factors are rounded before they are multiplied: float32: not. tf32: to ten bits after the first, on CUDA only, where " +
        "it is several times as fast. float16: while training, to half precision (mixed precision, with a scaled loss), by onnx on a graphics card.",
    ),
});

const runSchema = z.strictObject({
  root: z.string().min(1).default("runs").describe("The folder of run folders, from the current directory."),
  name: z
    .string()
    .regex(/^[^/\\\0]+$/, { error: "expected a folder's name, without slashes" })
    .refine((name) => name !== "." && name !== "..", { error: "expected a folder's name, not . or .." })
    .nullable()
    .default(null)
    .describe("The run folder's name; null: the configuration file's."),
});

/** One YAML file: everything that decides a run. */
export const configSchema = z.strictObject({
  version: z.literal(CONFIG_VERSION).default(CONFIG_VERSION).describe("The version of this format."),
  seed: seed
    .default(0)
    .describe("Decides the first weights, the order of slices, and all noise in training."),
  dataset: datasetSchema.describe(
    "Where slices come from. A relative root starts from the current directory.",
  ),
  model: vqvaeSchema.prefault({}).describe("The VQ-VAE."),
  train: trainSchema.describe("How the VQ-VAE is trained; the limit that is reached first ends it."),
  prior: priorSchema.prefault({ minutes: 5 }).describe("The model of code grids, and how it is trained."),
  sample: sampleSchema.prefault({}).describe("What the stage `sample` draws."),
  engine: engineSchema.prefault({}).describe("What computes."),
  run: runSchema.prefault({}).describe("Where results go."),
});

type Config = z.output<typeof configSchema>;

/** A checked configuration with every default written out, the slices' size and the run's name included. */
export type ResolvedConfig = Omit<Config, "dataset" | "run"> & {
  readonly dataset: DatasetConfig & { readonly size: NonNullable<DatasetConfig["size"]> };
  readonly run: { readonly root: string; readonly name: string };
};
