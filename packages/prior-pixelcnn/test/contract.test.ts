import { float32, random, sizeOf } from "@slicebook/base";
import { mapRecord } from "@slicebook/core";
import { CONTRACT_SPACES, priorContract } from "@slicebook/core/testing";
import { createEngine } from "@slicebook/engine";
import { describe, it } from "vitest";
import { pixelcnn } from "../src/index.ts";
import { smallConfig } from "./helpers.ts";

/** The form of most codes, which takes a compiled engine: seconds to compile, and many more to compute without. */
const LARGEST = "three levels whose sides do not divide, varied slices of three classes";
const { [LARGEST]: largest, ...smaller } = CONTRACT_SPACES;
const LEVELS = "two levels of one size, two classes";

describe.each([
  ["cpu", smaller],
  ["onnx", { [LEVELS]: smaller[LEVELS]!, [LARGEST]: largest! }],
] as const)("on %s", async (kind, spaces) => {
  const contract = priorContract(pixelcnn, {
    engine: await createEngine({ kind }),
    options: smallConfig({
      layers: 2,
      slicePosition: true,
      conditionDropout: 0.2,
      dropout: 0.2,
      corruption: 0.2,
    }),
    spaces,
    // None is zero, so that everything that can matter does.
    weights: (parameters) =>
      mapRecord(parameters, ({ data, shape }, name) => {
        const noise = random(1, "lively", name).normals(sizeOf(shape), 0.3);
        return float32(
          noise.map((value, at) => value + 1.5 * data[at]!),
          shape,
        );
      }),
  });
  for (const { name, run } of contract) it(name, run);
});
