import { expect, it } from "vitest";
import { doctor } from "../src/doctor.ts";

it("says of each engine what it is and how fast, and that pictures have text", async () => {
  const { ok, checks } = await doctor();
  expect(ok).toBe(true);
  const found = Object.fromEntries(checks.map((check) => [check.name, check.found]));
  expect(found["engine onnx"]).toMatch(
    /ONNX Runtime .*; \S+ images of 64×64 a second through the model "patch"$/,
  );
  expect(found["engine cpu"]).toMatch(/images of 32×32 a second/);
  expect(found.pictures).toMatch(/text is drawn$/);
  expect(found.versions).toContain(`node ${process.versions.node}`);
});
