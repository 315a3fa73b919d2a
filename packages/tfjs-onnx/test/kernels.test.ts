import { engine, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { kernelNames } from "../src/index.ts";
import { cases } from "./cases.ts";
import { difference } from "./run.ts";

it("has a case for every kernel", () => {
  expect(Object.keys(cases).sort()).toEqual(kernelNames);
  expect(Object.values(cases).every((list) => list.length > 0)).toBe(true);
});

describe("computes what TensorFlow.js's CPU backend does:", () => {
  it.each(Object.keys(cases))("%s", async (kernel) => {
    const failures: string[] = [];
    for (const { inputs, attrs = {}, tolerance = 2e-6 } of cases[kernel]!) {
      const shapes = Object.values(inputs).map(({ dtype, shape }) => `${dtype}[${shape}]`);
      const call = `${kernel}(${shapes.join(", ")}) ${JSON.stringify(attrs)}`;
      const run = (given: NamedTensorMap) =>
        engine().runKernel<Tensor | Tensor[]>(kernel, given, attrs as never);
      try {
        const gap = await difference(run, [inputs]);
        if (gap > tolerance) failures.push(`${call}: off by ${gap}`);
      } catch (error) {
        failures.push(`${call}: ${error instanceof Error ? error.message : error}`);
      }
    }
    expect(failures).toEqual([]);
  });
});
