import { CONTRACT_SPACES, priorContract } from "@slicebook/core/testing";
import { createEngine } from "@slicebook/engine";
import { describe, it } from "vitest";
import { transformer } from "../src/index.ts";
import { lively, smallConfig } from "./helpers.ts";

/** Forms of codes that are enough where each takes seconds to compile. */
const few = ["two levels of one size, two classes"] as const;

describe.each([
  [
    "cpu",
    {
      ...CONTRACT_SPACES,
      "more rows than a window": { levels: [{ codes: 3, rows: 5, columns: 2 }], classes: 0 },
    },
  ],
  ["onnx", Object.fromEntries(few.map((name) => [name, CONTRACT_SPACES[name]!]))],
] as const)("on %s", async (kind, spaces) => {
  const contract = priorContract(transformer, {
    engine: await createEngine({ kind }),
    options: smallConfig({ slicePosition: true, conditionDropout: 0.2, dropout: 0.2, corruption: 0.2 }),
    spaces,
    weights: lively,
  });
  for (const { name, run } of contract) it(name, run);
});
