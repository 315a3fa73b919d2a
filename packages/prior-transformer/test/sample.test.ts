import type { TensorEngine } from "@slicebook/base";
import { createEngine } from "@slicebook/engine";
import { expect, it } from "vitest";
import { transformer } from "../src/index.ts";
import { livelyWeights, smallConfig } from "./helpers.ts";

it("fills a region for the cost of its codes and of the rows to its end, in as many lanes as samples", async () => {
  const engine = await createEngine({ kind: "cpu" });
  const fine = { codes: 4, rows: 6, columns: 8 };
  const space = { levels: [{ codes: 5, rows: 3, columns: 4 }, fine], classes: 0 };
  const isMasked = (at: number) => at >= 16 && at < 32 && at % 8 >= 4 && at % 8 < 6;
  const known = Array.from({ length: 48 }, (_, at) => Number(!isMasked(at)));
  const calls = { codes: 0, rows: 0 };
  const lanes = new Set<number>();
  const counting: TensorEngine = {
    async compile(fn, signature, options) {
      const compiled = await engine.compile(fn, signature, options);
      const run: typeof compiled.run = (...args) => {
        if (signature.length > 1) calls.rows += 1;
        return compiled.run(...args);
      };
      return { ...compiled, run };
    },
    async loop(step, carry, inputs, options) {
      const loop = await engine.loop(step, carry, inputs, options);
      lanes.add(inputs.near!.shape[0]!);
      return {
        ...loop,
        next: (values) => {
          calls.codes += 1;
          return loop.next(values);
        },
      };
    },
  };
  const config = smallConfig();
  const [coarse, drawn] = await transformer
    .bind(config, space)
    .sample(counting, livelyWeights(config, space), {
      count: 2,
      seed: 5,
      given: [
        { codes: new Array(12).fill(2), known: new Array(12).fill(1) },
        { codes: new Array(48).fill(1), known },
      ],
    });
  // Two rows of two codes; three rows above the last of them, and what lies left of the region in both.
  expect(calls).toEqual({ codes: 4, rows: 5 });
  expect([...lanes]).toEqual([2]);
  expect(coarse).toEqual(new Int32Array(24).fill(2));
  for (const [at, code] of drawn!.entries()) if (!isMasked(at % 48)) expect(code).toBe(1);
});
