import type { CodeSpace } from "../code-space.ts";
import { type Condition, type ConditionValues, lastingConditions } from "../prior/conditions.ts";
import {
  areaOf,
  countGrids,
  type Known,
  ordersOf,
  placeName,
  placesOf,
  randomGrids,
  repeated,
  type Subject,
  someConditions,
  widthOf,
} from "./subject.ts";

/** How far likelihoods may differ by rounding. */
const ROUNDING = 1e-4;

/** The probabilities of all grids, each written out, sum to 1 in each order. */
export async function sumsToOne(subject: Subject): Promise<void> {
  for (const known of ordersOf(subject.prior)) await sumsToOneInOrder(subject, known);
}

async function sumsToOneInOrder({ prior, score }: Subject, known: Known | undefined): Promise<void> {
  const total = countGrids(prior.space);
  const { logLikelihood } = await score(allGrids(prior.space), someConditionsOfOne(prior, total), known);
  const logs = new Float64Array(total);
  for (const values of logLikelihood) {
    const area = values.length / total;
    for (const [at, log] of values.entries()) logs[Math.floor(at / area)]! += log;
  }
  const sum = logs.reduce((all, log) => all + Math.exp(log), 0);
  if (!(Math.abs(sum - 1) < ROUNDING)) {
    throw new Error(`the probabilities of all ${total} grids sum to ${sum.toFixed(4)}, not to 1`);
  }
}

/** ln p of a code does not change with a code that comes after it, whichever that is, in each order. */
export async function isCausal(subject: Subject): Promise<void> {
  for (const known of ordersOf(subject.prior)) await isCausalInOrder(subject, known);
}

async function isCausalInOrder({ prior, score }: Subject, known: Known | undefined): Promise<void> {
  const { space } = prior;
  const [places, base] = [placesOf(space, known), randomGrids(space, 1, 3)];
  const changes = places.flatMap((place) =>
    Array.from({ length: space.levels[place.level]!.codes - 1 }, (_, number) => ({ place, by: number + 1 })),
  );
  const count = 1 + changes.length;
  const grids = base.map((grid) => repeated(grid, count));
  for (const [number, { place, by }] of changes.entries()) {
    const { codes, ...grid } = space.levels[place.level]!;
    const at = (number + 1) * grid.rows * grid.columns + place.position;
    grids[place.level]![at] = (grids[place.level]![at]! + by) % codes;
  }
  const { logLikelihood } = await score(grids, someConditionsOfOne(prior, count), known);
  for (const [number, { place: changed }] of changes.entries()) {
    for (const place of places.slice(0, places.indexOf(changed))) {
      const logs = logLikelihood[place.level]!;
      const area = areaOf(space.levels[place.level]!);
      const [before, after] = [logs[place.position]!, logs[(number + 1) * area + place.position]!];
      if (Math.abs(after - before) < ROUNDING) continue;
      throw new Error(
        `ln p of the code at ${placeName(space, place)} changes from ${before} to ${after} with the code at ` +
          `${placeName(space, changed)}, which comes after it`,
      );
    }
  }
}

/** `correct` is 1 for the code of the largest ln p, and 0 for the others. */
export async function knowsTheLikeliest({ prior, score }: Subject): Promise<void> {
  const { space } = prior;
  const places = placesOf(space);
  const most = Math.max(...space.levels.map(({ codes }) => codes));
  // For each place a grid with each code there.
  const total = places.length * most;
  const grids = randomGrids(space, 1, 5).map((one) => repeated(one, total));
  for (const [number, { level, position }] of places.entries()) {
    const { codes, ...grid } = space.levels[level]!;
    const area = grid.rows * grid.columns;
    for (let code = 0; code < codes; code++) grids[level]![(number * most + code) * area + position] = code;
  }
  const { logLikelihood, correct } = await score(grids, someConditionsOfOne(prior, total));
  for (const [number, place] of places.entries()) {
    const { codes, ...grid } = space.levels[place.level]!;
    const area = grid.rows * grid.columns;
    const of = (values: ArrayLike<number>) =>
      Array.from({ length: codes }, (_, code) => values[(number * most + code) * area + place.position]!);
    const logs = of(logLikelihood[place.level]!);
    for (const [code, said] of of(correct[place.level]!).entries()) {
      const behind = Math.max(...logs) - logs[code]!;
      if ((said === 1 && behind < ROUNDING) || (said === 0 && behind > 0)) continue;
      if (said === 0 && logs.filter((log) => log === logs[code]).length > 1) continue;
      throw new Error(
        `the code ${code} at ${placeName(space, place)} has correct ${said}, and is ` +
          `${behind === 0 ? "the likeliest" : "not the likeliest"}`,
      );
    }
  }
}

/** ln p changes with each condition that the prior names. */
export async function heedsConditions({ prior, score }: Subject): Promise<void> {
  const { classes } = prior.space;
  const grids = randomGrids(prior.space, 1, 9).map((grid) => repeated(grid, 2));
  for (const name of lastingConditions(prior.conditions)) {
    const ends = [0, name === "labels" ? classes - 1 : 1];
    if (ends[0] === ends[1]) continue;
    const usual = conditionOfOne(prior, name);
    for (const changed of usual.keys()) {
      const { logLikelihood } = await score(grids, {
        ...someConditionsOfOne(prior, 2),
        [name]: ends.flatMap((end) => usual.with(changed, end)),
      });
      const heeded = logLikelihood.some((logs) => {
        const area = logs.length / 2;
        return logs.subarray(0, area).some((log, at) => log !== logs[area + at]);
      });
      if (heeded) continue;
      const which = usual.length === 1 ? "" : `, number ${changed}`;
      throw new Error(`it names the condition ${name}${which}, but ln p is the same whatever that is`);
    }
  }
}

/** The conditions of one slice, `count` times. */
function someConditionsOfOne(prior: Subject["prior"], count: number): ConditionValues {
  return Object.fromEntries(
    lastingConditions(prior.conditions).map((name) => [
      name,
      Array.from({ length: count }, () => conditionOfOne(prior, name)).flat(),
    ]),
  );
}

/** What {@link someConditions} says of the second slice. */
function conditionOfOne(prior: Subject["prior"], name: Condition): number[] {
  const width = widthOf(prior, name);
  return Array.from(someConditions(prior, 2)[name]!).slice(width);
}

/** Every slice's codes, for each level [count, rows, columns]: the first places count fastest. */
function allGrids(space: CodeSpace): Int32Array[] {
  const total = countGrids(space);
  let pace = 1;
  return space.levels.map((grid) => {
    const area = areaOf(grid);
    const start = pace;
    pace *= grid.codes ** area;
    return Int32Array.from({ length: total * area }, (_, at) => {
      const [number, position] = [Math.floor(at / area), at % area];
      return Math.floor(number / (start * grid.codes ** position)) % grid.codes;
    });
  });
}
