import type { Inspection } from "@slicebook/pipeline";
import { expect, it } from "vitest";
import { describeInspection } from "../src/inspection.ts";

it("counts one slice and one mask in the singular", () => {
  const split = { slices: 1, subjects: 1, masks: 1, classes: {}, classSubjects: {}, sizes: {}, types: {} };
  const none = { ...split, slices: 0, subjects: 0, masks: 0 };
  const inspection: Inspection = {
    dataset: "folder",
    size: [8, 8],
    classes: [],
    splits: { train: split, validate: none, test: none },
    sizes: { "8×8": 1 },
    types: { uint8: 1 },
    range: [0, 1],
    statistics: { mean: 0, variance: 1 },
    skipped: [{ path: "a.png", reason: "torn" }],
    duplicates: [],
    outliers: [],
    overlap: [],
    ignored: [],
    estimate: { preparedBytes: 64, sliceBytes: 256, decodeSeconds: 0, epochSeconds: 0 },
    fingerprint: "0",
  };
  const text = describeInspection(inspection);
  expect(text).toMatch(/masks +1 slice has one/);
  expect(text).toContain("1 slice left out, unreadable\n  a.png: torn");
  expect(text).not.toMatch(/\b1 (slices|subjects|masks|files)\b/);
});
