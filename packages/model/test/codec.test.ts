import { random } from "@slicebook/base";
import { vqvae, vqvaeSchema } from "@slicebook/core";
import { createEngine, type Engine } from "@slicebook/engine";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CodecOptions, createCodec, createEncoder, decodeCodes, sampleGreys } from "../src/index.ts";

const config = vqvaeSchema.parse({
  preset: "patch",
  width: 8,
  residualBlocks: 1,
  residualWidth: 4,
  codes: 16,
});
const model = vqvae.bind(config, [16, 16]);
const parameters = model.parameters(model.initialCarry(7), { average: true });
const options: CodecOptions = { model, preprocessing: { name: "zscore" }, batch: 2 };
const slices = random(7, "slices").normals(3 * 16 * 16);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

it("encodes and decodes apart as it reconstructs in one, a last batch that is not full included", async () => {
  const [codec, encoder] = [
    await createCodec(engine, parameters, options),
    await createEncoder(engine, parameters, { ...options, batch: 3 }),
  ];
  const whole = await codec.reconstruct(slices);
  const levels = await encoder.encode(slices);
  expect(levels).toEqual(whole.levels);
  expect(new Set(levels[0]!.data).size).toBeGreaterThan(1);
  const decoded = await decodeCodes(engine, parameters, levels, { ...options, batch: 1 });
  const furthest = Math.max(...decoded.map((value, at) => Math.abs(value - whole.images[at]!)));
  expect(furthest).toBeLessThan(1e-5);
  await Promise.all([codec.dispose(), encoder.dispose()]);
});

it("holds what is decoded among the values of the training slices, which samples' greys span", async () => {
  const bounds: readonly [number, number] = [-1 / 64, 1 / 64];
  const range = { original: [0, 200], preprocessed: bounds, window: bounds } as const;
  const held: CodecOptions = { ...options, preprocessing: { name: "zscore", range } };
  const codec = await createCodec(engine, parameters, held);
  const { images } = await codec.reconstruct(slices);
  await codec.dispose();
  expect(Math.min(...images)).toBe(-1 / 64);
  expect(Math.max(...images)).toBe(1 / 64);
  const { data, shape } = sampleGreys(images, { size: [16, 16], preprocessing: held.preprocessing });
  expect(shape).toEqual([3, 16, 16]);
  expect([Math.min(...data), Math.max(...data)]).toEqual([0, 1]);
});
