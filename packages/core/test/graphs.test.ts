import { specsOf } from "@slicebook/base";
import { graphOutline } from "@slicebook/testing/graph-outline";
import { trace } from "@slicebook/tfjs-onnx";
import { expect, it } from "vitest";
import { vqvae, vqvaeSchema } from "../src/index.ts";

const model = vqvae.bind(
  vqvaeSchema.parse({ width: 8, residualWidth: 4, residualBlocks: 1, codes: 16, codeDimension: 3 }),
  [16, 16],
);
const carry = model.initialCarry(0);
const parameters = specsOf(model.parameters(carry, { average: true }));
const batch = 2;

it.each([
  ["encode", () => trace(model.encode, [parameters, model.imageSpec(batch)])],
  ["decode", () => trace(model.decode, [parameters, model.codeSpecs(batch)])],
  [
    "train-step",
    () => trace(model.trainStep({ dataVariance: 1 }), [specsOf(carry), model.stepInputs(batch)]),
  ],
])("traces the graph of %s that is listed", async (name, traced) => {
  await expect(graphOutline(traced())).toMatchFileSnapshot(`graphs/${name}.txt`);
});
