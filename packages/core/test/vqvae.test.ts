import { float32, SlicebookError } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type BoundVqvae, PRESETS, presets, vqvae, vqvaeSchema } from "../src/index.ts";
import { foldPatches, unfoldPatches } from "../src/layers.ts";
import { gridSizes } from "../src/networks.ts";
import { expectClose, load, values } from "./support.ts";

const tiny = { width: 8, residualWidth: 4, codes: 8, codeDimension: 3 } as const;

/** The tiny model, with what else its configuration says. */
function tinyModel(more: object = {}, size: BoundVqvae["size"] = [8, 8]): BoundVqvae {
  return vqvae.bind(vqvaeSchema.parse({ ...tiny, ...more }), size);
}

function parametersOf(model: BoundVqvae, seed: number) {
  return load(model.parameters(model.initialCarry(seed), { average: true }));
}

describe("vqvaeSchema", () => {
  it("writes a preset out, and parses to itself", () => {
    for (const preset of PRESETS) {
      const config = vqvaeSchema.parse({ preset });
      expect(config).toEqual(presets[preset]);
      expect(vqvaeSchema.parse(config)).toEqual(config);
    }
    expect(vqvaeSchema.parse({}).preset).toBe("patch");
  });

  it("changes what is given of a preset, and nothing beside it", () => {
    const config = vqvaeSchema.parse({
      preset: "small",
      codes: 64,
      quantizer: { commitment: 1, decay: undefined },
    });
    const { small } = presets;
    expect(config).toEqual({ ...small, codes: 64, quantizer: { ...small.quantizer, commitment: 1 } });
  });

  it.each([
    [{ codez: 3 }, /codez/],
    [{ quantizer: { kind: "best" } }, /ema/],
    [{ quantizer: { kind: "fsq", levels: [3, 3] }, codes: 512 }, /product of quantizer.levels, 9/],
    [{ quantizer: { kind: "fsq" }, loss: { bits: 0.1 } }, /fsq has no codebook whose use could be weighed/],
    [{ quantizer: { distance: "cosine", depth: 2 } }, /euclidean/],
    [{ downsampling: 5 }, /downsampling/],
    [{ width: 33 }, /multiple of 2/],
    [{ optimizer: { learningRate: -1 } }, /learningRate/],
    [{ preset: "plain", residualBlocks: 2 }, /no residual blocks/],
    [{ rate: 0.25 }, /the preset is patch: set model.preset=codec/],
    [{ preset: "codec", rate: 0.04 }, />=0.05/],
  ])("refuses %o", (input, message) => {
    const { error } = vqvaeSchema.safeParse(input);
    expect(z.prettifyError(error!)).toMatch(message);
  });

  it("weighs no bits where there is no codebook, whatever the preset weighs", () => {
    expect(vqvaeSchema.parse({ preset: "codec", quantizer: { kind: "fsq" } }).loss.bits).toBe(0);
    expect(presets.codec.loss.bits).toBeGreaterThan(0);
  });

  it("describes every option", () => {
    const schema = z.toJSONSchema(vqvaeSchema, { io: "input" });
    const visit = (properties: Record<string, z.core.JSONSchema._JSONSchema>): string[] =>
      Object.entries(properties).flatMap(([name, property]) => {
        if (typeof property === "boolean") return [];
        if (property.properties) return visit(property.properties);
        return property.description === undefined ? [name] : [];
      });
    expect(visit(schema.properties!)).toEqual([]);
  });
});

describe("the preset codec", () => {
  const size = [256, 256] as const;
  /** Bits per pixel of codes of a fixed length each. */
  const fixedRate = (rate: number, more: object = {}) => {
    const { levels } = vqvae.bind(vqvaeSchema.parse({ preset: "codec", rate, ...more }), size);
    const bits = levels.reduce((sum, { codes, rows, columns }) => sum + rows * columns * Math.log2(codes), 0);
    return bits / (size[0] * size[1]);
  };

  it("spends more the higher the rate, and always more than a prior is to leave of it", () => {
    const rates = Array.from({ length: 14 }, (_, step) => (step + 1) / 20);
    const spent = rates.map((rate) => fixedRate(rate));
    expect(spent).toEqual(spent.toSorted((a, b) => a - b));
    expect(new Set(spent).size).toBeGreaterThan(5);
    for (const [index, rate] of rates.entries()) {
      expect(spent[index]).toBeGreaterThan(rate);
      expect(spent[index]).toBeLessThan(4 * rate);
    }
  });

  it("has a rate when none is given, and yields to what is", () => {
    expect(vqvaeSchema.parse({ preset: "codec", rate: null })).toEqual(presets.codec);
    const config = vqvaeSchema.parse({ preset: "codec", rate: 0.6, codes: 16, quantizer: { depth: 1 } });
    expect(config).toMatchObject({ rate: 0.6, codes: 16, quantizer: { depth: 1 } });
    expect(vqvaeSchema.parse(config)).toEqual(config);
  });
});

describe("gridSizes", () => {
  it("divides height and width, once more for the top of two", () => {
    expect(gridSizes({ downsampling: 4, hierarchy: 1 }, [256, 128])).toEqual([[64, 32]]);
    expect(gridSizes({ downsampling: 16, hierarchy: 1 }, [240, 256])).toEqual([[15, 16]]);
    expect(gridSizes({ downsampling: 4, hierarchy: 2 }, [256, 128])).toEqual([
      [32, 16],
      [64, 32],
    ]);
  });

  it("names the size, the rule and a size that would do", () => {
    let error: unknown;
    try {
      gridSizes({ downsampling: 16, hierarchy: 1 }, [250, 128]);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SlicebookError);
    expect(error).toMatchObject({
      code: "IMAGE_SIZE",
      message: expect.stringMatching(/250×128.*multiples of 16/),
      remedy: expect.stringMatching(/256×128/),
    });
    expect(() => vqvae.bind(vqvaeSchema.parse({}), [30, 32])).toThrow(SlicebookError);
  });
});

describe("patches", () => {
  it("fold into channels in raster order, and unfold again", () => {
    const images = tf.range(0, 2 * 4 * 6) as unknown as tf.Tensor;
    const batch = tf.reshape(images, [2, 4, 6, 1]) as tf.Tensor4D;
    const folded = foldPatches(batch, 2);
    expect(folded.shape).toEqual([2, 2, 3, 4]);
    expect(values(folded).slice(0, 8)).toEqual([0, 1, 6, 7, 2, 3, 8, 9]);
    expect(values(unfoldPatches(folded, 2))).toEqual(values(batch));
  });
});

describe.each(PRESETS)("the preset %s", (preset) => {
  it.each([4, 8, 16] as const)("encodes and decodes non-square images at downsampling %d", (downsampling) => {
    const oneGrid = { hierarchy: 1, quantizer: { depth: 1 } };
    const model = tinyModel({ preset, downsampling, ...oneGrid }, [32, 48]);
    const params = parametersOf(model, 0);
    const images = tf.randomUniform([2, 32, 48, 1], -1, 1, "float32", 1);
    const before = tf.memory().numTensors;
    const codes = model.encode(params, images);
    const decoded = model.decode(params, codes);
    const grid = { rows: 32 / downsampling, columns: 48 / downsampling };
    expect(model.levels).toEqual([{ codes: 8, ...grid }]);
    expect(codes.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual([
      { shape: [2, grid.rows, grid.columns], dtype: "int32" },
    ]);
    expect(model.codeSpecs(2)).toEqual(codes.map(({ shape, dtype }) => ({ shape, dtype })));
    expect(decoded.shape).toEqual(model.imageSpec(2).shape);
    const reconstruction = model.reconstruct(params, images);
    expect(reconstruction.codes.map(values)).toEqual(codes.map(values));
    expect(values(reconstruction.images)).toEqual(values(decoded));
    const [features] = model.features(params, images);
    expect(features!.shape).toEqual([...codes[0]!.shape, 3]);
    expect(tf.memory().numTensors - before).toBe(5);
    expect(() => model.encode(params, tf.zeros([1, 32, 47, 1]))).toThrow(/32×47 .* a model for 32×48/);
  });
});

describe("the weights", () => {
  it("of the reference preset are as many as PyTorch's", () => {
    // sum(p.numel() for p in VQVAE().parameters()) of the same model, with its codebook of 512 × 64.
    expect(vqvae.bind(presets.reference, [64, 64]).weightCount).toBe(690_753);
  });

  it("are drawn by seed and name, within ±1/√fan-in", () => {
    const model = tinyModel();
    const carry = model.initialCarry(0);
    expect(model.initialCarry(0)).toEqual(carry);
    const wider = tinyModel({ residualBlocks: 1 }).initialCarry(0);
    const kernel = "weights.encoder.stem.kernel";
    expect(wider[kernel]).toEqual(carry[kernel]);
    expect(model.initialCarry(1)[kernel]).not.toEqual(carry[kernel]);
    const largest = Math.max(...carry[kernel]!.data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(1 / 12);
    expect(largest).toBeGreaterThan(0.95 / 12);
  });
});

describe("encode and decode", () => {
  it("take the codebook's nearest code and give it back to the decoder", () => {
    const model = tinyModel();
    const params = parametersOf(model, 3);
    const images = tf.randomNormal([1, 8, 8, 1], 0, 1, "float32", 2);
    const encodings = values(model.features(params, images)[0]!);
    const codes = values(params["codebook.0"]!);
    const distance = (vector: number, code: number) =>
      [0, 1, 2].reduce(
        (sum, axis) => sum + (encodings[3 * vector + axis]! - codes[3 * code + axis]!) ** 2,
        0,
      );
    const nearest = [0, 1, 2, 3].map((vector) => {
      const distances = Array.from({ length: 8 }, (_, code) => distance(vector, code));
      return distances.indexOf(Math.min(...distances));
    });
    expect(model.encode(params, images).map(values)).toEqual([nearest]);
  });
});

describe("the codebook from data", () => {
  it.each(["ema", "codebook-loss"] as const)(
    "is due after the warm-up, at the encodings' centres: %s",
    (kind) => {
      const model = tinyModel({ warmupSteps: 7, quantizer: { kind, restartBelow: 0.1 } });
      expect(model.codebookImages).toBe(16);
      expect([6, 7].map((step) => model.codesDue({ step, progress: 0.1 }))).toEqual([false, true]);
      expect(model.codesDue({ step: 1, progress: 0.15 })).toBe(true);
      const carry = model.initialCarry(0);
      // Seven encodings of one kind each, and 93 of an eighth.
      const rows = Array.from({ length: 100 }, (_, index) => Math.min(index, 7)).map((value) => [
        value,
        -value,
        1,
      ]);
      const next = model.withCodebook(carry, [float32(rows.flat(), [4, 5, 5, 3])], { seed: 0 });
      const codebook = [...model.parameters(next, { average: false })["codebook.0"]!.data];
      const firsts = codebook.filter((_, index) => index % 3 === 0);
      expect(firsts.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(model.parameters(next, { average: true })["codebook.0"]!.data).toEqual(
        Float32Array.from(codebook),
      );
      const usage = firsts.map((first) => (first === 7 ? 0.93 : 0.2 / 8));
      expectClose(next["quantizer.usage.0"]!.data, usage);
      if (kind === "ema") {
        expectClose(
          next["quantizer.sums.0"]!.data,
          codebook.map((value, index) => value * usage[Math.floor(index / 3)]!),
        );
      }
      expect(() => model.checkCarry(next)).not.toThrow();
    },
  );

  it("is not made for codes drawn at random, which are then in use as they are", () => {
    const model = tinyModel({ quantizer: { initialisation: "normal" } });
    expect(model.codebookImages).toBe(0);
    const carry = model.initialCarry(0);
    const next = model.withCodebook(carry, [], { seed: 0 });
    expect([model.codesActive(carry), model.codesActive(next)]).toEqual([false, true]);
    expect({ ...next, "quantizer.active": carry["quantizer.active"] }).toEqual(carry);
  });
});

describe("checkCarry", () => {
  it("names the first tensors that differ, with both shapes", () => {
    const carry = tinyModel().initialCarry(0);
    const other = tinyModel({ codes: 16, quantizer: { kind: "ema" } });
    let error: unknown;
    try {
      other.checkCarry(carry);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name: "SlicebookError", code: "CHECKPOINT_MISMATCH" });
    expect(String(error)).toMatch(/"quantizer.usage.0" is float32 \[8\], expected float32 \[16\]/);
    expect(() => tinyModel({ residualBlocks: 4 }).checkCarry(carry)).toThrow(
      /"weights.encoder.residual4.inner.kernel" is missing, expected float32 .*and \d+ more/,
    );
  });
});

describe("stepNoise", () => {
  it("draws an encoding of the batch for each code, by seed and step", () => {
    const model = vqvae.bind(vqvaeSchema.parse({}), [16, 8]);
    const draw = (seed: number, step: number) => model.stepNoise({ seed, step, batch: 2 })["restarts.0"]!;
    expect(draw(0, 1)).toEqual(draw(0, 1));
    expect(draw(0, 1)).not.toEqual(draw(0, 2));
    expect(draw(0, 1)).not.toEqual(draw(1, 1));
    expect(draw(0, 1)).toMatchObject({ dtype: "int32", shape: [512] });
    expect(new Set(draw(0, 1).data)).toEqual(new Set(Array.from({ length: 16 }, (_, index) => index)));
  });
});
