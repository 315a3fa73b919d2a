import { float32, type HostTensors, int32, isSlicebookError } from "@slicebook/base";
import {
  type BoundPrior,
  type CodeSpace,
  checkCarry,
  codesName,
  type PriorPart,
  scoreOf,
  stepInputs,
} from "@slicebook/core";
import { createEngine, type Engine } from "@slicebook/engine";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { LevelConfig } from "../src/config.ts";
import { pixelcnn, pixelcnnSchema } from "../src/index.ts";
import { codeSpace, randomCodes, smallConfig } from "./helpers.ts";

const engines = {
  cpu: await createEngine({ kind: "cpu" }),
  onnx: await createEngine({ kind: "onnx" }),
};

const space = { codes: 6, rows: 5, columns: 4, classes: 2 };

/** The prior for one grid, and the one part that it has. */
function priorOf(config: LevelConfig, codes: CodeSpace = codeSpace(space)): [BoundPrior, PriorPart] {
  const prior = pixelcnn.bind(config, codes);
  return [prior, prior.parts[0]!];
}

/** The same, for tests that learn a pattern in a few hundred steps. */
function learningFast(config: LevelConfig): LevelConfig {
  return { ...config, optimizer: { ...config.optimizer, learningRate: 1e-2, averageDecay: 0.95 } };
}

/** Trains for some steps on fresh random grids; gives the carry and each step's metrics. */
async function train(engine: Engine, config: LevelConfig, steps: number) {
  const [prior, part] = priorOf(config, { ...codeSpace(space), variations: 2 });
  const batch = 3;
  const loop = await engine.loop(part.trainStep, part.initialCarry(4), stepInputs(prior, part, batch));
  const metrics: HostTensors[] = [];
  for (let step = 0; step < steps; step++) {
    metrics.push(
      await loop.next({
        "codes.0": randomCodes(space, batch, step),
        labels: int32([0, 1, 1], [batch]),
        ...(config.slicePosition && { slicePositions: float32([0, 0.3, 1], [batch]) }),
        variations: float32([0, 0, 0.4, -1, 1, 0.2], [batch, 2]),
        progress: float32([step / steps], []),
        ...part.stepNoise({ seed: 9, step, batch }),
      }),
    );
  }
  const carry = await loop.read();
  await loop.dispose();
  return { carry, metrics };
}

/** The largest difference of two tensors as a share of the largest value of the second. */
function difference(found: HostTensors[string], expected: HostTensors[string]): number {
  let [largest, most] = [0, 0];
  expected.data.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value));
    most = Math.max(most, Math.abs(value - found.data[index]!));
  });
  return largest === 0 ? most : most / largest;
}

describe("a training step", () => {
  it("through ONNX Runtime equals the eager one, in every weight, moment and metric", async () => {
    const config = smallConfig({ dropout: 0.2, corruption: 0.2, slicePosition: true });
    const [eager, compiled] = [await train(engines.cpu, config, 2), await train(engines.onnx, config, 2)];
    const pairs = [
      [compiled.carry, eager.carry],
      ...eager.metrics.map((metrics, step) => [compiled.metrics[step]!, metrics] as const),
    ] as const;
    for (const [found, expected] of pairs) {
      expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, tensor] of Object.entries(expected)) {
        expect(difference(found[name]!, tensor), name).toBeLessThan(1e-4);
      }
    }
  });

  it("moves every weight, and gives the metrics of the contract", async () => {
    const { carry, metrics } = await train(engines.cpu, smallConfig({ dropout: 0.2, corruption: 0.2 }), 2);
    const config = smallConfig({ dropout: 0.2, corruption: 0.2 });
    const start = priorOf(config, { ...codeSpace(space), variations: 2 })[1].initialCarry(4);
    for (const name of Object.keys(start)) expect(carry[name], name).not.toEqual(start[name]);
    expect(Object.keys(metrics[0]!).sort()).toEqual(["accuracy", "gradientNorm", "learningRate", "loss"]);
    // Nothing is known of random codes yet.
    expect(metrics[0]!.loss!.data[0]).toBeGreaterThan(0.8 * Math.log(space.codes));
  });

  it.each(Object.entries(engines))("gives the same bits again: %s", async (_, engine) => {
    const config = smallConfig({ dropout: 0.2, corruption: 0.2 });
    expect(await train(engine, config, 3)).toEqual(await train(engine, config, 3));
  });

  it("of each of three levels moves every weight, and starts from the codebooks' likeness", async () => {
    const levels = [
      { codes: 5, rows: 3, columns: 2 },
      { codes: 6, rows: 6, columns: 4 },
      { codes: 4, rows: 12, columns: 8 },
    ];
    const config = pixelcnnSchema.parse({
      ...smallConfig({ corruption: 0.2 }),
      layers: [3, 2],
      dropout: 0.2,
    });
    const prior = pixelcnn.bind(config, { levels, classes: 0 });
    const vectors = levels.map(({ codes }) =>
      // The first two codes are alike.
      float32(
        Float32Array.from({ length: codes * 3 }, (_, at) => (at < 6 ? (at % 3) + 4 : (7 * at) % 11)),
        [codes, 3],
      ),
    );
    for (const [level, part] of prior.parts.entries()) {
      expect(part.levels).toEqual([level]);
      const start = part.initialCarry(4, { vectors });
      const embeddings = levels.slice(0, level).map((_, earlier) => `context.embedding${earlier}`);
      for (const name of [...embeddings, "embedding"]) {
        const { data } = start[`weights.level${level}.${name}`]!;
        expect(data.slice(0, 6), name).toEqual(data.slice(6, 12));
        expect(data.slice(0, 6), name).not.toEqual(data.slice(12, 18));
      }
      const loop = await engines.onnx.loop(part.trainStep, start, stepInputs(prior, part, 2));
      for (let step = 0; step < 2; step++) {
        const codes = levels
          .slice(0, level + 1)
          .map((grid, one) => [codesName(one), randomCodes(grid, 2, step)]);
        const { loss, accuracy } = await loop.next({
          ...(Object.fromEntries(codes) as HostTensors),
          progress: float32([0], []),
          ...part.stepNoise({ seed: 9, step, batch: 2 }),
        });
        expect(loss!.data[0]).toBeGreaterThan(0);
        expect(accuracy!.data[0]).toBeLessThan(1);
      }
      const carry = await loop.read();
      await loop.dispose();
      for (const name of Object.keys(start)) expect(carry[name], name).not.toEqual(start[name]);
    }
  });

  it("leaves no tensors behind", async () => {
    await train(engines.cpu, smallConfig(), 1);
    const before = tf.memory().numTensors;
    await train(engines.cpu, smallConfig(), 2);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("stepNoise", () => {
  const [prior, part] = priorOf(smallConfig({ dropout: 0.25, layers: 4, hidden: 64 }));

  it("drops the given share of channels and scales up the others, by seed and step", () => {
    const { dropout } = part.stepNoise({ seed: 1, step: 3, batch: 16 });
    expect(dropout!.shape).toEqual([16, 4, 2, 64]);
    const factors = Array.from(dropout!.data);
    expect(factors.filter((factor) => factor === 0).length / factors.length).toBeCloseTo(0.25, 1);
    expect(new Set(factors)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(part.stepNoise({ seed: 1, step: 3, batch: 16 })).toEqual({ dropout });
    expect(part.stepNoise({ seed: 1, step: 4, batch: 16 })).not.toEqual({ dropout });
  });

  it("replaces the given share of codes by any, and keeps the others", () => {
    const grid = codeSpace({ codes: 6, rows: 20, columns: 20, classes: 0 });
    const [prior, noisy] = priorOf(smallConfig({ corruption: 0.25 }), grid);
    const { corruption } = noisy.stepNoise({ seed: 1, step: 3, batch: 8 });
    const values = Array.from(corruption!.data);
    expect(values.filter((value) => value >= 0).length / values.length).toBeCloseTo(0.25, 1);
    expect([...new Set(values)].sort()).toEqual([-1, 0, 1, 2, 3, 4, 5]);
    expect(stepInputs(prior, noisy, 8).corruption).toEqual({ shape: [8, 20, 20], dtype: "int32" });
  });

  it("has the names and shapes that stepInputs gives", () => {
    const { dropout } = stepInputs(prior, part, 16);
    expect(dropout).toEqual({ shape: [16, 4, 2, 64], dtype: "float32" });
    const [priorWithout, without] = priorOf(smallConfig({ dropout: 0 }));
    expect(without.stepNoise({ seed: 1, step: 3, batch: 16 })).toEqual({});
    expect(Object.keys(stepInputs(priorWithout, without, 16))).toEqual(["codes.0", "labels", "progress"]);
  });
});

describe("training", () => {
  it("learns a pattern of two classes, and then draws it", async () => {
    const pattern = { codes: 5, rows: 6, columns: 8, classes: 2 };
    // Diagonal stripes that lean left in one class and right in the other, each grid shifted at random.
    const stripe = (label: number, shift: number, row: number, column: number) =>
      (shift + column + (label === 0 ? row : pattern.rows * (pattern.codes - 1) - row)) % pattern.codes;
    const grid = (label: number, shift: number) =>
      Array.from({ length: 48 }, (_, at) => stripe(label, shift, Math.floor(at / 8), at % 8));
    const grids = (label: number) =>
      Array.from({ length: pattern.codes }, (_, shift) => grid(label, shift).join());
    const config = learningFast(smallConfig({ layers: 2, hidden: 16, headWidth: 16, dropout: 0.05 }));
    const prior = pixelcnn.bind(config, codeSpace(pattern));
    const part = prior.parts[0]!;
    const batch = 10;
    const loop = await engines.onnx.loop(
      part.trainStep,
      part.initialCarry(1),
      stepInputs(prior, part, batch),
    );
    const labels = Int32Array.from({ length: batch }, (_, index) => index % 2);
    const codes = Int32Array.from([...labels].flatMap((label, index) => grid(label, index >> 1)));
    const losses: number[] = [];
    const steps = 200;
    for (let step = 0; step < steps; step++) {
      const { loss } = await loop.next({
        "codes.0": int32(codes, [batch, 6, 8]),
        labels: int32(labels, [batch]),
        progress: float32([step / steps], []),
        ...part.stepNoise({ seed: 1, step, batch }),
      });
      losses.push(loss!.data[0]!);
    }
    const weights = prior.parameters(await loop.read(), { average: true });
    await loop.dispose();
    expect(losses[0]).toBeGreaterThan(1);
    // Only the first code is a matter of chance: ln 5 over 48 codes, 0.034 nats.
    expect(losses.at(-1)).toBeLessThan(0.1);
    const [drawn] = await prior.sample(engines.onnx, weights, { count: 10, seed: 3, conditions: { labels } });
    for (let index = 0; index < 10; index++) {
      expect(grids(labels[index]!)).toContain(drawn!.subarray(index * 48, (index + 1) * 48).join());
    }
  });
});

describe("slice positions", () => {
  it("decide what is drawn, in between too, and leave slices without one their average likelihood", async () => {
    // Grids of one code each: 0 to 4, from the first slices of a scan to the last.
    const scan = { codes: 5, rows: 3, columns: 3, classes: 0 };
    const config = learningFast(smallConfig({ layers: 1, hidden: 12, headWidth: 12, slicePosition: true }));
    const prior = pixelcnn.bind(config, codeSpace(scan));
    const part = prior.parts[0]!;
    const [batch, steps] = [25, 250];
    const positions = Float32Array.from({ length: batch }, (_, index) => index / (batch - 1));
    const codes = Int32Array.from({ length: batch * 9 }, (_, at) => Math.floor(at / 9 / 5));
    const loop = await engines.onnx.loop(
      part.trainStep,
      part.initialCarry(1),
      stepInputs(prior, part, batch),
    );
    for (let step = 0; step < steps; step++) {
      await loop.next({
        "codes.0": int32(codes, [batch, 3, 3]),
        slicePositions: float32(positions, [batch]),
        progress: float32([step / steps], []),
        ...part.stepNoise({ seed: 1, step, batch }),
      });
    }
    const parameters = prior.parameters(await loop.read(), { average: true });
    await loop.dispose();
    const wanted = [0.07, 0.31, 0.5, 0.69, 0.93];
    const drawn = await prior.sample(engines.onnx, parameters, {
      count: 5,
      seed: 2,
      temperature: 0.1,
      conditions: { slicePositions: wanted },
    });
    expect(drawn[0]!.filter((_, at) => at % 9 === 0)).toEqual(Int32Array.of(0, 1, 2, 3, 4));

    // The first code of a slice from anywhere is any of the five.
    const grids = { shape: [5, 3, 3], dtype: "int32" } as const;
    const scored = await engines.cpu.compile(scoreOf(prior), [[grids], {}], { parameters });
    const each = int32(
      Int32Array.from({ length: 45 }, (_, at) => Math.floor(at / 9)),
      [5, 3, 3],
    );
    const { logLikelihood } = await scored.run([each], {});
    const first = Array.from(logLikelihood[0]!.data).filter((_, at) => at % 9 === 0);
    expect(first.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 3);
    for (const log of first) expect(Math.exp(log)).toBeGreaterThan(0.08);
  });

  it("are withheld from a tenth of the slices, by seed and step", () => {
    const [prior, part] = priorOf(smallConfig({ slicePosition: true }));
    const { shownPositions } = part.stepNoise({ seed: 1, step: 3, batch: 2000 });
    const shown = Array.from(shownPositions!.data);
    expect(new Set(shown)).toEqual(new Set([0, 1]));
    expect(shown.filter((one) => one === 0).length / 2000).toBeCloseTo(0.1, 1);
    expect(stepInputs(prior, part, 2000).shownPositions).toEqual({ shape: [2000], dtype: "float32" });
    expect(part.stepNoise({ seed: 1, step: 4, batch: 2000 })).not.toEqual({ shownPositions });
  });
});

it("withholds each covariate from a tenth of the slices, and everything from as many as it is told to", () => {
  const known = { ...codeSpace(space), covariates: [{ categories: 0 }, { categories: 4 }] };
  const [, part] = priorOf(smallConfig({ conditionDropout: 0.3 }), known);
  const noise = part.stepNoise({ seed: 1, step: 3, batch: 2000 });
  const withheld = (name: string) => noise[name]!.data.filter((shown) => shown === 0).length;
  expect(noise.shownCovariates!.shape).toEqual([2000, 2]);
  expect(withheld("shownCovariates") / 4000).toBeCloseTo(0.1, 1);
  expect(noise.shownConditions!.shape).toEqual([2000]);
  expect(withheld("shownConditions") / 2000).toBeCloseTo(0.3, 1);
});

describe("checkCarry", () => {
  it("accepts a carry of its own and names what differs in another one", () => {
    const [, part] = priorOf(smallConfig());
    expect(() => checkCarry(part, part.initialCarry(2))).not.toThrow();
    const other = priorOf(smallConfig({ hidden: 8 }))[1].initialCarry(2);
    let caught: unknown;
    try {
      checkCarry(part, other);
    } catch (error) {
      caught = error;
    }
    expect(isSlicebookError(caught) && caught.code).toBe("CHECKPOINT_MISMATCH");
    expect(String(caught)).toContain('"weights.embedding" is float32 [6, 8], expected float32 [6, 6]');
  });
});
