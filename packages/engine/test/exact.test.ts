import { float32, type HostTensors, int32 } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { createEngine, createExactEngine } from "../src/index.ts";
import { exactChecksums, inputs, samplerOps, specs } from "./exact-ops.ts";

it("computes exactly what other engines compute nearly", async () => {
  const [exact, other] = [createExactEngine(), await createEngine({ kind: "cpu" })];
  const [found, expected] = await Promise.all(
    [exact, other].map(
      async (engine): Promise<HostTensors> => (await engine.compile(samplerOps, [specs])).run(inputs),
    ),
  );
  for (const [name, { data, shape, dtype }] of Object.entries(found!)) {
    const known = expected![name]!;
    expect({ name, shape, dtype }).toEqual({ name, shape: known.shape, dtype: known.dtype });
    const apart = Math.max(
      ...Array.from(
        data,
        (value, at) => Math.abs(value - known.data[at]!) / Math.max(1, Math.abs(known.data[at]!)),
      ),
    );
    expect(apart, name).toBeLessThan(2e-5);
  }
});

it("gives the same bits on every machine", async () => {
  expect(await exactChecksums()).toMatchInlineSnapshot(`
    {
      "againstRows": 4024688015,
      "chosen": 2259227552,
      "convolution": 1838803433,
      "exponent": 2938329460,
      "gated": 2415427630,
      "joined": 913449535,
      "means": 823366926,
      "most": 418053835,
      "normalised": 597659414,
      "product": 2738865099,
      "remainder": 1481415343,
      "scores": 81806139,
      "shares": 1805537457,
      "stacked": 738114440,
      "strided": 1610612769,
      "taken": 24039535,
      "unchanged": 1638538654,
    }
  `);
});

it("remembers a carry from step to step, also where one part becomes another", async () => {
  const step = (
    { older, newer, fixed }: Record<string, tf.Tensor>,
    { next, ignored }: Record<string, tf.Tensor>,
  ): [Record<string, tf.Tensor>, Record<string, tf.Tensor>] => [
    { older: newer!, newer: tf.add(next!, fixed!), fixed: fixed! },
    { sum: tf.add(older!, newer!), newer: newer!, ignored: ignored! },
  ];
  const of = (...values: number[]) => float32(values, [values.length]);
  const loop = await createExactEngine().loop(
    step as never,
    { older: of(0, 0), newer: of(0, 0), fixed: of(1, 2) },
    { next: { shape: [2], dtype: "float32" }, ignored: { shape: [1], dtype: "int32" } },
  );
  const next = (...values: number[]) => loop.next({ next: of(...values), ignored: int32([7], [1]) });
  await next(10, 20);
  await next(30, 40);
  expect(await next(50, 60)).toEqual({ sum: of(42, 64), newer: of(31, 42), ignored: int32([7], [1]) });
  expect(await loop.read()).toEqual({ older: of(31, 42), newer: of(51, 62), fixed: of(1, 2) });
  await loop.replace({ older: of(1, 1), newer: of(2, 2), fixed: of(3, 3) });
  expect((await next(0, 0)).sum).toEqual(of(3, 3));
});

it("refuses what it does not know exactly", async () => {
  const erf = (x: tf.Tensor) => tf.erf(tf.sin(x));
  await expect(createExactEngine().compile(erf, [{ shape: [2], dtype: "float32" }])).rejects.toMatchObject({
    code: "ENGINE_LACKS_KERNEL",
    message: "erf: exact arithmetic lacks what it needs: there is no Sin, Erf",
  });
});
