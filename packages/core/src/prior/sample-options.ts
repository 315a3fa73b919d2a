import { SlicebookError } from "@slicebook/base";
import type { CodeLevel } from "../code-space.ts";
import type { PerLevel } from "../per-level.ts";
import { type Condition, UNKNOWN } from "./conditions.ts";
import type { BoundPrior, GivenCodes, SampleOptions } from "./contract.ts";

/** Throws a `SlicebookError` with code `SAMPLE_OPTIONS` if an option of `sample` is out of its range. */
export function checkSampleOptions(
  {
    space: { levels: grids, classes, covariates = [] },
    conditions: taken,
    guidable = false,
  }: Pick<BoundPrior, "space" | "conditions" | "guidable">,
  {
    count,
    numbers,
    temperature = 1,
    firstRowTemperature = 1,
    topK,
    topP = 1,
    conditions = {},
    given,
    drawn,
    levels,
    guidance = 1,
  }: SampleOptions,
): void {
  if (!Number.isInteger(count) || count < 0) fail("count", count, "a whole number, 0 or more");
  if (numbers !== undefined) {
    if (numbers.length !== count) {
      fail("numbers", `${numbers.length} of them`, `one for each of the ${count} samples`);
    }
    const wrong = numbers.find((number) => !(Number.isInteger(number) && number >= 0));
    if (wrong !== undefined) fail("numbers", wrong, "whole numbers, 0 or more");
  }
  for (const [option, values] of Object.entries({ temperature, firstRowTemperature })) {
    const wrong = eachOf(values).find((one) => !(one >= 0 && one < Number.POSITIVE_INFINITY));
    if (wrong !== undefined) fail(option, wrong, "a number, 0 (the likeliest code always) or more");
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    fail("topK", topK, "a whole number, 1 or more");
  }
  for (const one of eachOf(topP)) {
    if (!(one > 0 && one <= 1)) fail("topP", one, "a number above 0 and at most 1");
  }
  if (!(guidance >= 0 && guidance < Number.POSITIVE_INFINITY)) {
    fail("guidance", guidance, "a number, 0 (conditions are not followed) or more");
  }
  if (guidance !== 1 && !guidable) {
    fail("guidance", guidance, "1, since the prior was not trained without conditions");
  }
  if (levels !== undefined && !(Number.isInteger(levels) && levels >= 1 && levels <= grids.length)) {
    fail("levels", levels, `a whole number from 1 to ${grids.length}`);
  }
  for (const [level, codes] of (drawn ?? []).entries()) {
    const grid = grids[level];
    const size = grid && count * grid.rows * grid.columns;
    if (codes.length !== size) fail(`drawn.${level}`, codes.length, `${size ?? "no"} codes`);
  }
  for (const [level, grid] of grids.entries()) {
    const known = given?.[level];
    if (known !== undefined) checkGiven(`given.${level}`, grid, known);
  }
  checkSlicePositions(conditions.slicePositions, taken, count);
  checkCovariates(conditions.covariates, taken, count * covariates.length);
  if (taken.includes("labels")) checkLabels(conditions.labels, { classes, count });
}

function checkLabels(
  labels: ArrayLike<number> | undefined,
  { classes, count }: { readonly classes: number; readonly count: number },
): void {
  if (labels === undefined || labels.length !== count) {
    const found = labels === undefined ? "none" : `${labels.length} of them`;
    fail("labels", found, `one for each of the ${count} samples, since the prior has ${classes} classes`);
  }
  const wrong = Array.from(labels).find(
    (label) => !(Number.isInteger(label) && label >= 0 && label < classes),
  );
  if (wrong !== undefined) fail("labels", wrong, `whole numbers from 0 to ${classes - 1}`);
}

function checkSlicePositions(
  positions: ArrayLike<number> | undefined,
  taken: readonly Condition[],
  count: number,
): void {
  if (positions === undefined) return;
  if (!taken.includes("slicePositions")) {
    fail("slicePositions", "some", "none, since the prior is not conditioned on them");
  }
  if (positions.length !== count) {
    fail("slicePositions", `${positions.length} of them`, `one for each of the ${count} samples`);
  }
  const wrong = Array.from(positions).find(
    (position) => !((position >= 0 && position <= 1) || position === UNKNOWN),
  );
  if (wrong !== undefined) {
    fail("slicePositions", wrong, `numbers from 0 to 1, or ${UNKNOWN} where it is not known`);
  }
}

function checkCovariates(
  values: ArrayLike<number> | undefined,
  taken: readonly Condition[],
  length: number,
): void {
  if (values === undefined) return;
  if (!taken.includes("covariates")) {
    fail("covariates", "some", "none, since the prior is not conditioned on them");
  }
  if (values.length !== length) fail("covariates", `${values.length} of them`, `${length} numbers`);
  const wrong = Array.from(values).find((value) => !(value === UNKNOWN || (value >= 0 && value <= 1)));
  if (wrong !== undefined) fail("covariates", wrong, `numbers from 0 to 1, or ${UNKNOWN} where unknown`);
}

function checkGiven(option: string, { codes, rows, columns }: CodeLevel, given: GivenCodes): void {
  const size = rows * columns;
  for (const name of ["codes", "known"] as const) {
    const { length } = given[name];
    if (length !== size) fail(`${option}.${name}`, length, `${rows}×${columns} numbers`);
  }
  for (let at = 0; at < size; at++) {
    const code = given.codes[at]!;
    if (given.known[at] === 0) continue;
    if (!(Number.isInteger(code) && code >= 0 && code < codes)) {
      fail(`${option}.codes`, code, `whole numbers from 0 to ${codes - 1} where they are known`);
    }
  }
}

function eachOf(option: PerLevel): readonly number[] {
  return typeof option === "number" ? [option] : option;
}

function fail(option: string, found: number | string, allowed: string): never {
  throw new SlicebookError("SAMPLE_OPTIONS", `sample: ${option}: expected ${allowed}, found ${found}`, {
    remedy: `Change ${option} and sample again.`,
  });
}
