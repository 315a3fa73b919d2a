import { float32, int32, type TensorSpec } from "@slicebook/base";
import { type BoundPrior, scoreOf } from "@slicebook/core";
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
  const shape = [grids.length / space.rows / space.columns, space.rows, space.columns];
  const compiled = await on.compile(
    logLikelihood(pixelcnn.bind(config, codeSpace(space))),
    [[{ shape, dtype: "int32" }], { shape: shape.slice(0, 1), dtype: "int32" }],
    { parameters: livelyWeights(config, space) },
  );
  const labels = int32(new Int32Array(shape[0]!).fill(label), shape.slice(0, 1));
  const [result] = await compiled.run([int32(grids, shape)], labels);
  await compiled.dispose();
  return Float32Array.from(result!.data);
}

function logLikelihood(prior: BoundPrior) {
  const score = scoreOf(prior);
  return (...given: Parameters<typeof score>) => score(...given).logLikelihood;
}

/** All grids of `size` codes, one after the other. */
function allGrids(codes: number, size: number): Int32Array {
  return Int32Array.from({ length: codes ** size * size }, (_, at) => {
    const [grid, position] = [Math.floor(at / size), at % size];
    return Math.floor(grid / codes ** position) % codes;
  });
}

describe("the likelihood", () => {
  it.each([
    { codes: 2, rows: 2, columns: 2, classes: 0 },
    { codes: 3, rows: 2, columns: 3, classes: 0 },
    { codes: 2, rows: 3, columns: 3, classes: 2 },
    { codes: 3, rows: 1, columns: 4, classes: 0 },
    { codes: 3, rows: 4, columns: 1, classes: 0 },
  ])(
    "sums to a probability of 1 over all grids: $codes codes, $rows×$columns, $classes classes",
    async (space) => {
      const size = space.rows * space.columns;
      const grids = allGrids(space.codes, size);
      const values = await likelihoods(smallConfig(), space, grids, Math.max(0, space.classes - 1));
      let total = 0;
      for (let grid = 0; grid < grids.length / size; grid++) {
        total += Math.exp(
          values.subarray(grid * size, (grid + 1) * size).reduce((sum, value) => sum + value, 0),
        );
      }
      expect(total).toBeCloseTo(1, 5);
    },
  );

  it.each([
    {
      levels: [
        { codes: 3, rows: 1, columns: 2 },
        { codes: 2, rows: 2, columns: 2 },
      ],
      classes: 0,
    },
    {
      levels: [
        { codes: 2, rows: 2, columns: 2 },
        { codes: 3, rows: 2, columns: 2 },
      ],
      classes: 2,
    },
  ])("sums to 1 over all grids of two levels: %j", async (space) => {
    const [first, second] = space.levels.map(({ codes, rows, columns }) => ({
      size: rows * columns,
      grids: allGrids(codes, rows * columns),
      shape: [rows, columns],
    }));
    const counts = [first!, second!].map(({ grids, size }) => grids.length / size);
    const total = counts[0]! * counts[1]!;
    // Every grid of the first level beside every one of the second.
    const repeated = Int32Array.from({ length: total * first!.size }, (_, at) => {
      const [pair, place] = [Math.floor(at / first!.size), at % first!.size];
      return first!.grids[Math.floor(pair / counts[1]!) * first!.size + place]!;
    });
    const cycled = Int32Array.from(
      { length: total * second!.size },
      (_, at) => second!.grids[at % second!.grids.length]!,
    );
    const specs = [first!, second!].map(
      ({ shape }): TensorSpec => ({ shape: [total, ...shape], dtype: "int32" }),
    );
    const config = smallConfig({ layers: 2 });
    const compiled = await engine.compile(
      logLikelihood(pixelcnn.bind(config, space)),
      [specs, { shape: [total], dtype: "int32" }],
      { parameters: livelyWeights(config, space) },
    );
    const codes = [int32(repeated, specs[0]!.shape), int32(cycled, specs[1]!.shape)];
    const logs = await compiled.run(codes, int32(new Int32Array(total), [total]));
    await compiled.dispose();
    const sums = new Float64Array(total);
    for (const { data } of logs) {
      for (const [at, log] of data.entries()) sums[Math.floor((at * total) / data.length)]! += log;
    }
    expect(sums.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 5);
  });

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

  it("depends on the class", async () => {
    const space = { codes: 5, rows: 3, columns: 4, classes: 2 };
    const grids = randomCodes(space, 1).data as Int32Array;
    const [first, second] = [
      await likelihoods(smallConfig(), space, grids, 0),
      await likelihoods(smallConfig(), space, grids, 1),
    ];
    first.forEach((value, position) => {
      expect(Math.abs(value - second[position]!)).toBeGreaterThan(1e-3);
    });
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
    const loop = await engine.loop(part!.trainStep, carry, part!.stepInputs(3));
    const { loss } = await loop.next({
      "codes.0": codes,
      labels: int32([0, 0, 0], [3]),
      progress: float32([0], []),
    });
    const values = await likelihoods(config, space, codes.data as Int32Array);
    expect(loss!.data[0]).toBeCloseTo(-values.reduce((sum, value) => sum + value, 0) / values.length, 5);
  });
});
