import { specsOf } from "@slicebook/base";
import { gridSpaces, stepInputs } from "@slicebook/core";
import { graphOutline } from "@slicebook/testing/graph-outline";
import { trace } from "@slicebook/tfjs-onnx";
import { expect, it } from "vitest";
import { pixelCarry, pixelInputs, pixelStep, rowCarry, rowInputs, rowStep } from "../src/cached.ts";
import { pixelcnn } from "../src/index.ts";
import { codeSpace, smallConfig } from "./helpers.ts";

const config = smallConfig({
  layers: 2,
  attention: { ...smallConfig().attention, heads: 2, width: 4 },
});
const space = codeSpace({ codes: 7, rows: 4, columns: 5, classes: 0 });
const prior = pixelcnn.bind(config, space);
const part = prior.parts[0]!;
const carry = part.initialCarry(0);
const parameters = specsOf(prior.parameters(carry, { average: true }));
const grid = gridSpaces(space)[0]!;
const lanes = 3;

it.each([
  ["train-step", () => trace(part.trainStep, [specsOf(carry), stepInputs(prior, part, 2)])],
  [
    "sampler-row",
    () =>
      trace(rowStep(config, grid), [
        parameters,
        specsOf(rowCarry(config, grid, lanes)),
        rowInputs(config, grid, lanes),
      ]),
  ],
  [
    "sampler-code",
    () =>
      trace(pixelStep(config), [parameters, specsOf(pixelCarry(config, lanes)), pixelInputs(config, lanes)]),
  ],
])("traces the graph of %s that is listed", async (name, traced) => {
  await expect(graphOutline(traced())).toMatchFileSnapshot(`graphs/${name}.txt`);
});
