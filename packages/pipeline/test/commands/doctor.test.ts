import { expect, it } from "vitest";
import { doctor } from "../../src/commands/doctor.ts";

it("says of each engine what it is and how fast, and that pictures have text", async () => {
  const { ok, checks } = await doctor();
  expect(ok).toBe(true);
  const found = Object.fromEntries(checks.map((check) => [check.name, check.found]));
  expect(found["engine onnx"]).toMatch(/ONNX Runtime .*; convolves at [\d.e+]+ GFLOP\/s$/);
  expect(found["engine cpu"]).toMatch(/tfjs .*; convolves at [\d.e+]+ GFLOP\/s$/);
  expect(found.pictures).toMatch(/text is drawn$/);
  expect(found.versions).toContain(`node ${process.versions.node}`);
});
