import { expect, it } from "vitest";
import { type Preprocessing, preprocessingFile, preprocessingOf } from "../src/index.ts";

const range = { preprocessed: [-1, 2], original: [0, 9], window: [-1, 1.5] } as const;
const size: [number, number] = [1, 2];
const learned: readonly Preprocessing[] = [
  { name: "zscore", range },
  { name: "minmax" },
  { name: "zscore-dataset", mean: 3, deviation: 2, range },
  { name: "residual", mean: Float32Array.of(1, 2.5), low: -1, high: 4, range },
];

it.each(learned)("comes back from its file as it was: $name", (preprocessing) => {
  const file = preprocessingFile(preprocessing);
  expect(preprocessingOf(file, { preprocessing: preprocessing.name, size })).toEqual(preprocessing);
});

it("is refused where it is of another data set", () => {
  const [zscore, , , residual] = learned.map(preprocessingFile);
  expect(() => preprocessingOf(zscore!, { preprocessing: "minmax", size })).toThrow("it is of zscore");
  const wrong = "its mean image is not one of 2×2 numbers";
  expect(() => preprocessingOf(residual!, { preprocessing: "residual", size: [2, 2] })).toThrow(wrong);
  const without = { ...residual!, tensors: {} };
  expect(() => preprocessingOf(without, { preprocessing: "residual", size: [2, 2] })).toThrow(wrong);
});
