import { expect, it } from "vitest";
import type { MetricsRow } from "../src/metrics-schema.ts";
import { tensorboardEvents, tensorboardHeader } from "../src/tensorboard.ts";
import golden from "./golden/events.json" with { type: "json" };

it("writes the very bytes that TensorBoard's own writer does", () => {
  const started = 1_000_000_000;
  const common = { stage: "train", kind: "epoch", epoch: 1 } as const;
  // No gradient norm, so that the golden file stays short.
  const rows = [
    {
      ...common,
      step: 10,
      seconds: 1.5,
      train: { loss: 0.75, learningRate: 0.002 },
      validation: { ssim: { mean: 0.5, sd: 0, n: 1, subjects: 1, ci95: null } },
    },
    { ...common, step: 300, seconds: 3.25, train: { loss: 0.1 } },
  ] as unknown as MetricsRow[];
  const file = Buffer.concat([
    tensorboardHeader(started),
    ...rows.map((row) => tensorboardEvents(row, started)),
  ]);
  expect(file.toString("base64")).toBe(golden.file);
});
