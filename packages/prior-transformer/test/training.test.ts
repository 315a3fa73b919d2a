import { float32, type HostTensors, int32, random } from "@slicebook/base";
import { type CodeSpace, stepInputs } from "@slicebook/core";
import { createEngine, type Engine } from "@slicebook/engine";
import { describe, expect, it } from "vitest";
import type { LevelConfig } from "../src/config.ts";
import { transformer } from "../src/index.ts";
import { smallConfig } from "./helpers.ts";

const engines = {
  cpu: await createEngine({ kind: "cpu" }),
  onnx: await createEngine({ kind: "onnx" }),
};

const levels = [
  { codes: 5, rows: 2, columns: 3 },
  { codes: 6, rows: 4, columns: 5 },
];
const space: CodeSpace = { levels, classes: 2, variations: 2 };
const [batch, steps] = [3, 2];

/** Trains the finest level for some steps on fresh random grids; gives where it started, the carry and each step's metrics. */
async function train(engine: Engine, config: LevelConfig) {
  const prior = transformer.bind(config, space);
  const part = prior.parts[1]!;
  const start = part.initialCarry(4);
  const loop = await engine.loop(part.trainStep, start, stepInputs(prior, part, batch));
  const metrics: HostTensors[] = [];
  for (let step = 0; step < steps; step++) {
    const grids = levels.map(({ codes, rows, columns }, level) => {
      const stream = random(step, "codes", level);
      const values = Int32Array.from({ length: batch * rows * columns }, () => stream.integer(codes));
      return [`codes.${level}`, int32(values, [batch, rows, columns])] as const;
    });
    metrics.push(
      await loop.next({
        ...Object.fromEntries(grids),
        labels: int32([0, 1, 1], [batch]),
        slicePositions: float32([0, 0.3, 1], [batch]),
        variations: float32([0.1, 0, 0.4, -1, 1, 0.2], [batch, 2]),
        progress: float32([step / steps], []),
        ...part.stepNoise({ seed: 9, step, batch }),
      }),
    );
  }
  const carry = await loop.read();
  await loop.dispose();
  return { start, carry, metrics };
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
  it.each(["raster", "random"] as const)(
    "moves every weight, and through ONNX Runtime as the eager one does, in %s order",
    async (order) => {
      const config = smallConfig({ order, dropout: 0.2, corruption: 0.2, slicePosition: true });
      const [eager, compiled] = [await train(engines.cpu, config), await train(engines.onnx, config)];
      for (const [name, tensor] of Object.entries(eager.carry)) {
        expect(tensor, name).not.toEqual(eager.start[name]);
        expect(difference(compiled.carry[name]!, tensor), name).toBeLessThan(1e-3);
      }
      for (const [step, metrics] of eager.metrics.entries()) {
        for (const [name, tensor] of Object.entries(metrics)) {
          expect(difference(compiled.metrics[step]![name]!, tensor), name).toBeLessThan(1e-4);
        }
      }
    },
  );

  const labels = Int32Array.from({ length: 8 }, (_, index) => index % 2);
  /** Diagonal stripes that lean left in one class and right in the other. */
  const grid = (label: number, shift: number) =>
    Array.from({ length: 20 }, (_, at) => {
      const [row, column] = [Math.floor(at / 5), at % 5];
      return (shift + column + (label === 0 ? row : 3 * row)) % 4;
    });

  /** A prior that learned such stripes of all shifts, and its weights. */
  async function learnedStripes(changes: Partial<LevelConfig>, steps: number) {
    const fast = smallConfig({ width: 16, headWidth: 8, ...changes });
    const prior = transformer.bind(
      { ...fast, optimizer: { ...fast.optimizer, learningRate: 1e-2, averageDecay: 0.95 } },
      { levels: [{ codes: 4, rows: 4, columns: 5 }], classes: 2 },
    );
    const part = prior.parts[0]!;
    const codes = Int32Array.from([...labels].flatMap((label, index) => grid(label, index >> 1)));
    const loop = await engines.onnx.loop(part.trainStep, part.initialCarry(1), stepInputs(prior, part, 8));
    for (let step = 0; step < steps; step++) {
      await loop.next({
        "codes.0": int32(codes, [8, 4, 5]),
        labels: int32(labels, [8]),
        progress: float32([step / steps], []),
        ...part.stepNoise({ seed: 2, step, batch: 8 }),
      });
    }
    const weights = prior.parameters(await loop.read(), { average: true });
    await loop.dispose();
    return { prior, weights };
  }

  it("learns a pattern of two classes, which is then drawn", async () => {
    const { prior, weights } = await learnedStripes({}, 150);
    const [drawn] = await prior.sample(engines.onnx, weights, { count: 8, seed: 3, conditions: { labels } });
    for (const [index, label] of labels.entries()) {
      const stripes = [0, 1, 2, 3].map((shift) => grid(label, shift).join());
      expect(stripes).toContain(drawn!.subarray(index * 20, (index + 1) * 20).join());
    }
  });

  it("of random orders learns to draw what lies above that which is given", async () => {
    const { prior, weights } = await learnedStripes({ order: "random", window: 4 }, 500);
    const known = Array.from({ length: 20 }, (_, at) => Number(at >= 10));
    const options = { count: 1, seed: 1, temperature: 0, conditions: { labels: [1] } };
    for (const shift of [0, 1, 2, 3]) {
      const codes = grid(1, shift);
      const given = [{ codes, known }];
      const [drawn] = await prior.sample(engines.onnx, weights, { ...options, given });
      expect(Array.from(drawn!)).toEqual(codes);
    }
  });
});
