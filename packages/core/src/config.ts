import { z } from "zod";
import { CODEC_RATES, DEFAULT_CODEC_RATE, tokenizerAt } from "./codec-rates.ts";
import { optimizerDefaults, optimizerSchema } from "./optimizer.ts";
import { perLevel } from "./per-level.ts";

/** The architectures: what lies between an image and its code grid. */
export const ARCHITECTURES = ["residual", "plain", "patch"] as const;

/** The VQ-VAE's presets, by what they are. */
export const PRESETS = ["reference", "small", "plain", "patch", "codec"] as const;
export type PresetName = (typeof PRESETS)[number];

const DOWNSAMPLINGS = [4, 8, 16] as const;

/** The most entries of a codebook. */
export const MAX_CODES = 2 ** 16;

const positiveInteger = z.int().positive();
const decay = z.number().min(0).lt(1);

const quantizerShape = {
  kind: z
    .enum(["ema", "codebook-loss", "fsq"])
    .describe(
      "How codes learn: `ema` moves each to the moving average of the encodings it stands for, `codebook-loss` " +
        "pulls it there by gradient; with `fsq` nothing learns: numbers are rounded to `levels`.",
    ),
  commitment: z
    .number()
    .nonnegative()
    .describe("Weight β of the commitment term, which holds encodings close to their codes."),
  decay: decay.describe("Decay γ per step of the moving averages of the codes' use and encodings."),
  epsilon: z
    .number()
    .positive()
    .describe("Laplace smoothing ε of the codes' use, in encodings of a batch: keeps unused codes finite."),
  restartBelow: z
    .number()
    .min(0)
    .lt(0.5)
    .describe(
      "A code whose use falls below this fraction of an even share (1/K of the encodings) is moved to a random " +
        "encoding of the batch; 0 never.",
    ),
  initialisation: z
    .enum(["data", "normal"])
    .describe("Where codes start: `data` at k-means centres of encodings, `normal` drawn from N(0, 1)."),
  initialisationImages: positiveInteger.describe(
    "Images whose encodings the codes are made from, with `data`.",
  ),
  levels: z
    .array(z.int().min(2).max(256))
    .min(1)
    .max(16)
    .describe("With `fsq`: levels of each number of a code; `codes` is their product."),
  distance: z
    .enum(["euclidean", "cosine"])
    .describe(
      "What the nearest code is: by `euclidean` distance, or by angle, with all vectors of length 1.",
    ),
  gradient: z
    .enum(["straight-through", "rotation"])
    .describe(
      "What the encoder gets of the decoder's gradient: as it is, or turned as the encoding is to its code.",
    ),
  depth: z
    .int()
    .min(1)
    .max(16)
    .describe(
      "Codes at each place of the grid: 1, or more, each of which quantizes what those before it leave (residual " +
        "quantization).",
    ),
};

const weight = z.number().nonnegative();

const lossShape = {
  mse: weight.describe("Weight of the squared error over the variance of the training slices."),
  l1: weight.describe("Weight of the absolute error over their standard deviation."),
  ssim: weight.describe("Weight of 1 − SSIM, on the scale of the evaluation."),
  msSsim: weight.describe("Weight of 1 − MS-SSIM, the same over several scales."),
  edges: weight.describe("Weight of the absolute error of differences of neighbouring pixels."),
  spectrum: weight.describe("Weight of the absolute error of the cosine transform's coefficients."),
  coarse: weight.describe("Weight of the same terms, of the picture of each grid but the finest."),
  bits: weight.describe(
    "Weight of the bits that a code of each grid is expected to take, by how often each is used; 0 with `fsq`.",
  ),
};

const modelShape = {
  rate: z
    .number()
    .min(CODEC_RATES.least)
    .max(CODEC_RATES.most)
    .nullable()
    .describe(
      "With the preset `codec` only: bits per pixel that slices are to take, about, coded by a prior. Downsampling, codes " +
        "and depth follow from it, unless they are given.",
    ),
  architecture: z
    .enum(ARCHITECTURES)
    .describe(
      "`residual`: strided convolutions and residual blocks; `plain`: convolutions only; `patch`: patches of " +
        "pixels as channels, residual blocks at the resolution of the codes, sub-pixel output.",
    ),
  downsampling: z
    .union(DOWNSAMPLINGS.map((factor) => z.literal(factor)))
    .describe("Pixels of an image's side per code: 4, 8 or 16."),
  hierarchy: z
    .int()
    .min(1)
    .max(5)
    .describe(
      "Grids of codes: 1, or more, from coarse to fine: each at half the downsampling of the one before, for what the " +
        "picture of those before it lacks.",
    ),
  width: positiveInteger.multipleOf(2).describe("Channels of the hidden layers, an even number."),
  residualBlocks: z.int().nonnegative().describe("Residual blocks on each side; 0 with `plain`."),
  residualWidth: positiveInteger.describe("Channels inside a residual block."),
  attention: z
    .int()
    .nonnegative()
    .max(64)
    .describe(
      "Heads of self-attention on each side, at the lowest resolution, which let every place see all others; 0: none.",
    ),
  codes: perLevel(z.int().min(2).max(MAX_CODES)).describe(
    "Entries of the codebook, K, of all grids or of each, the coarsest first.",
  ),
  codeDimension: positiveInteger.describe("Length of a code, D."),
  warmupSteps: z.int().nonnegative().describe("First steps trained as a plain autoencoder, without codes."),
  warmupShare: z
    .number()
    .min(0)
    .max(1)
    .describe("The share of the run that these steps take at most, so that a short run has time for codes."),
};

/** A VQ-VAE's configuration with everything written out. */
const resolvedSchema = z.strictObject({
  preset: z.enum(PRESETS),
  ...modelShape,
  loss: z.strictObject(lossShape),
  quantizer: z.strictObject(quantizerShape),
  optimizer: optimizerSchema,
});

/** A VQ-VAE's configuration with everything written out. */
export type VqvaeConfig = z.output<typeof resolvedSchema>;

/** What all presets share: the published quantizer, and what keeps it from collapsing on small data. */
const shared = {
  rate: null,
  downsampling: 4,
  hierarchy: 1,
  attention: 0,
  codes: 512,
  loss: { mse: 1, l1: 0, ssim: 1, msSsim: 0, edges: 0, spectrum: 0, coarse: 0.5, bits: 0 },
  warmupSteps: 100,
  warmupShare: 0.15,
  quantizer: {
    kind: "ema",
    commitment: 0.25,
    decay: 0.99,
    epsilon: 1e-5,
    restartBelow: 0.1,
    initialisation: "data",
    initialisationImages: 16,
    levels: [8, 8, 8],
    distance: "euclidean",
    gradient: "straight-through",
    depth: 1,
  },
  optimizer: optimizerDefaults,
} satisfies Partial<VqvaeConfig>;

const patch: VqvaeConfig = {
  preset: "patch",
  architecture: "patch",
  width: 64,
  residualBlocks: 2,
  residualWidth: 32,
  codeDimension: 16,
  ...shared,
  optimizer: { ...optimizerDefaults, learningRate: 2e-3 },
};

/**
 * What `codec` weighs besides: MS-SSIM, by which PSNR and MS-SSIM rise at hardly any SSIM, and the bits of codes, which
 * become a fifth fewer at no loss (docs/codebook.md).
 */
const CODEC_LOSS = { msSsim: 1, bits: 0.003 };

/** The preset `codec` at a rate, in bits per pixel. */
function codecAt(rate: number): VqvaeConfig {
  const { depth, ...grid } = tokenizerAt(rate);
  return {
    ...patch,
    preset: "codec",
    rate,
    ...grid,
    loss: { ...patch.loss, ...CODEC_LOSS },
    quantizer: { ...patch.quantizer, depth },
  };
}

/**
 * The presets: `reference` has the published sizes (van den Oord et al., 2017, as in DeepMind's Sonnet and in
 * zalandoresearch/pytorch-vq-vae), `small` half their width, `plain` no residual blocks, `patch` works at the
 * resolution of the codes, which is the fastest, and `codec` is for compressing: `patch` for a rate, here of
 * {@link DEFAULT_CODEC_RATE} bits per pixel.
 */
export const presets: Readonly<Record<PresetName, VqvaeConfig>> = {
  reference: {
    preset: "reference",
    architecture: "residual",
    width: 128,
    residualBlocks: 2,
    residualWidth: 32,
    codeDimension: 64,
    ...shared,
  },
  small: {
    preset: "small",
    architecture: "residual",
    width: 64,
    residualBlocks: 2,
    residualWidth: 32,
    codeDimension: 16,
    ...shared,
  },
  plain: {
    preset: "plain",
    architecture: "plain",
    width: 64,
    residualBlocks: 0,
    residualWidth: 32,
    codeDimension: 16,
    ...shared,
  },
  patch,
  codec: codecAt(DEFAULT_CODEC_RATE),
};

/**
 * The VQ-VAE's options: a preset and what to change of it. Parsing gives the configuration with every value written
 * out, which parses to itself.
 */
export const vqvaeSchema = z
  .strictObject({
    preset: z
      .enum(PRESETS)
      .default("patch")
      .describe(
        "Sizes to start from: `patch` (fastest), `reference` (the published model), `small` (half its width), `plain` (no " +
          "residual blocks) or `codec` (for compressing, by `rate`).",
      ),
    ...z.strictObject(modelShape).partial().shape,
    loss: z.strictObject(lossShape).partial().optional(),
    quantizer: z.strictObject(quantizerShape).partial().optional(),
    optimizer: optimizerSchema.partial().optional(),
  })
  .transform((given, context): VqvaeConfig => {
    const preset =
      given.preset === "codec" ? codecAt(given.rate ?? DEFAULT_CODEC_RATE) : presets[given.preset];
    const config: VqvaeConfig = {
      ...preset,
      ...defined(given),
      rate: preset.rate,
      loss: { ...preset.loss, ...defined(given.loss ?? {}) },
      quantizer: { ...preset.quantizer, ...defined(given.quantizer ?? {}) },
      optimizer: { ...preset.optimizer, ...defined(given.optimizer ?? {}) },
    };
    const refuse = (path: string[], input: unknown, message: string) =>
      context.issues.push({ code: "custom", path, input, message });
    if (typeof given.rate === "number" && given.preset !== "codec") {
      refuse(
        ["rate"],
        given.rate,
        `is for the preset codec, and the preset is ${given.preset}: set model.preset=codec, or leave it out`,
      );
    }
    const { kind, levels, depth, distance, gradient } = config.quantizer;
    if (kind === "fsq") {
      const codes = levels.reduce((product, count) => product * count, 1);
      if ((given.codes ?? codes) !== codes) {
        refuse(
          ["codes"],
          given.codes,
          `with fsq it is the product of quantizer.levels, ${codes}: leave it out`,
        );
      }
      if ((given.codeDimension ?? levels.length) !== levels.length) {
        refuse(
          ["codeDimension"],
          given.codeDimension,
          "with fsq it is the number of quantizer.levels: leave it out",
        );
      }
      if (codes > MAX_CODES) {
        refuse(["quantizer", "levels"], levels, `their product, ${codes}, is more codes than ${MAX_CODES}`);
      }
      config.codes = codes;
      config.codeDimension = levels.length;
    }
    if (depth > 1 && (kind === "fsq" || distance === "cosine")) {
      refuse(
        ["quantizer", "depth"],
        depth,
        "residual quantization needs euclidean codes of a learned codebook",
      );
    }
    if (kind === "fsq" && (distance === "cosine" || gradient === "rotation")) {
      refuse(["quantizer"], kind, "fsq has no codebook: leave distance and gradient as they are");
    }
    if (kind === "fsq") {
      if ((given.loss?.bits ?? 0) > 0) {
        refuse(
          ["loss", "bits"],
          given.loss?.bits,
          "fsq has no codebook whose use could be weighed: leave it out",
        );
      }
      config.loss.bits = 0;
    }
    const { coarse: _, bits: __, ...terms } = config.loss;
    if (Object.values(terms).every((weight) => weight === 0)) {
      context.issues.push({
        code: "custom",
        path: ["loss"],
        input: config.loss,
        message: "all terms have weight 0: give at least one of them a weight",
      });
    }
    if (config.attention > 0 && config.width % config.attention > 0) {
      refuse(
        ["attention"],
        config.attention,
        `its heads share the width, ${config.width}, evenly: take a number that divides it`,
      );
    }
    if (config.architecture === "plain" && config.residualBlocks > 0) {
      context.issues.push({
        code: "custom",
        path: ["residualBlocks"],
        input: config.residualBlocks,
        message: `the architecture "plain" has no residual blocks: set 0, or take the architecture "residual"`,
      });
    }
    return config;
  });

/** The record without the keys whose value is undefined. */
function defined<T extends object>(record: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
