import { float32, type HostTensors, int32 } from "@slicebook/base";
import { type BoundPrior, scoreOf, stepInputs } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { describe, expect, it } from "vitest";
import { pixelcnn } from "../src/index.ts";
import { codeSpace, livelyWeights, randomCodes, smallConfig } from "./helpers.ts";

const engine = await createEngine({ kind: "cpu" });

/** ln p of each code of grids [n, rows, columns]. */
async function likelihoods(
  config: ReturnType<typeof smallConfig>,
  space: { codes: number; rows: number; columns: number; classes: number },
  grids: Int32Array,
  label = 0,
  on = engine,
): Promise<Float32Array> {
  const count = grids.length / space.rows / space.columns;
  const shape = [count, space.rows, space.columns];
  const compiled = await on.compile(
    logLikelihood(pixelcnn.bind(config, codeSpace(space))),
    [[{ shape, dtype: "int32" }], space.classes === 0 ? {} : { labels: { shape: [count], dtype: "int32" } }],
    { parameters: livelyWeights(config, space) },
  );
  const labels = int32(new Int32Array(count).fill(label), [count]);
  const told: HostTensors = space.classes === 0 ? {} : { labels };
  const [result] = await compiled.run([int32(grids, shape)], told);
  await compiled.dispose();
  return Float32Array.from(result!.data);
}

function logLikelihood(prior: BoundPrior) {
  const score = scoreOf(prior);
  return (...given: Parameters<typeof score>) => score(...given).logLikelihood;
}

describe("the likelihood", () => {
  it.each(["wasm", "onnx"] as const)("is the same on %s, attention included", async (kind) => {
    const space = { codes: 24, rows: 8, columns: 8, classes: 2 };
    const config = smallConfig();
    expect(config.attention.count).toBe(1);
    const grids = randomCodes(space, 2).data as Int32Array;
    const expected = await likelihoods(config, space, grids, 1);
    const found = await likelihoods(config, space, grids, 1, await createEngine({ kind }));
    const furthest = found.reduce(
      (most, value, code) => Math.max(most, Math.abs(value - expected[code]!)),
      0,
    );
    expect(furthest).toBeLessThan(1e-4);
  });

  it("is, on average, minus the training step's loss where nothing is dropped", async () => {
    const space = { codes: 5, rows: 3, columns: 4, classes: 0 };
    const config = smallConfig();
    const prior = pixelcnn.bind(config, codeSpace(space));
    const weights = livelyWeights(config, space);
    const [part] = prior.parts;
    const carry = { ...part!.initialCarry(1) };
    for (const [name, tensor] of Object.entries(weights)) carry[`weights.${name}`] = tensor;
    const codes = randomCodes(space, 3);
    const loop = await engine.loop(part!.trainStep, carry, stepInputs(prior, part!, 3));
    const { loss } = await loop.next({
      "codes.0": codes,
      progress: float32([0], []),
    });
    const values = await likelihoods(config, space, codes.data as Int32Array);
    expect(loss!.data[0]).toBeCloseTo(-values.reduce((sum, value) => sum + value, 0) / values.length, 5);
  });
});
