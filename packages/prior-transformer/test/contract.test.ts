import { CONTRACT_SPACES, priorContract } from "@slicebook/core/testing";
import { createEngine } from "@slicebook/engine";
import { describe, it } from "vitest";
import { transformer } from "../src/index.ts";
import { lively, smallConfig } from "./helpers.ts";

/** The form of most codes, which takes a compiled engine: seconds to compile, and many more to compute without. */
const LARGEST = "three levels whose sides do not divide, varied slices of three classes";
const { [LARGEST]: largest, ...smaller } = CONTRACT_SPACES;
const LEVELS = "two levels of one size, two classes";

const tall = { "more rows than a window": { levels: [{ codes: 3, rows: 5, columns: 2 }], classes: 0 } };

describe.each([
  ["raster", "cpu", { ...smaller, ...tall }],
  ["raster", "onnx", { [LEVELS]: smaller[LEVELS]!, [LARGEST]: largest! }],
  ["random", "cpu", { [LEVELS]: smaller[LEVELS]!, ...tall }],
  ["random", "onnx", { [LARGEST]: largest! }],
] as const)("in %s order, on %s", async (order, kind, spaces) => {
  const contract = priorContract(transformer, {
    engine: await createEngine({ kind }),
    options: smallConfig({
      order,
      slicePosition: true,
      conditionDropout: 0.2,
      dropout: 0.2,
      corruption: 0.2,
    }),
    spaces,
    weights: lively,
  });
  for (const { name, run } of contract) it(name, run);
});
