import { expect, it } from "vitest";
import { maskErrors } from "../src/mask-errors.ts";

it("errors are means within each label of each slice, summarised over the slices that have it", () => {
  const errors = maskErrors([{ value: 85, name: "fluid" }]);
  expect(errors.summary()).toBeUndefined();
  const original = [0, 0.5, 1, 0.25];
  errors.add({ original, reconstruction: [0.2, 0.5, 0.6, 0.25] }, Uint16Array.of(0, 0, 85, 85), "a");
  errors.add({ original, reconstruction: [0, 0.5, 1, 0.75] }, Uint16Array.of(0, 0, 0, 0), "b");
  const [background, fluid, ...others] = errors.summary()!;
  expect(others).toEqual([]);
  expect(background).toMatchObject({ value: 0, share: 6 / 8, mae: { n: 2, subjects: 2 } });
  expect(background).not.toHaveProperty("name");
  // (0.2 + 0) / 2 = 0.1 and (0 + 0 + 0 + 0.5) / 4 = 0.125.
  expect(background!.mae.mean).toBeCloseTo(0.1125, 12);
  expect(background!.mse.mean).toBeCloseTo((0.02 + 0.0625) / 2, 12);
  expect(fluid).toMatchObject({
    value: 85,
    name: "fluid",
    share: 2 / 8,
    mae: { n: 1, subjects: 1, ci95: null },
  });
  expect(fluid!.mae.mean).toBeCloseTo(0.2, 12);
  expect(fluid!.mse.mean).toBeCloseTo(0.08, 12);
});
