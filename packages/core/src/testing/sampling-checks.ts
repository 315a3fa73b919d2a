import { isSlicebookError } from "@slicebook/base";
import { ofLevel } from "../per-level.ts";
import { type ConditionValues, lastingConditions, UNKNOWN } from "../prior/conditions.ts";
import type { GivenCodes, SampleOptions } from "../prior/contract.ts";
import { drawCode } from "../prior/draw-code.ts";
import { slicePositionAt, uniformAt } from "../prior/draw-levels.ts";
import {
  areaOf,
  placeName,
  placesOf,
  randomGrids,
  type Subject,
  someConditions,
  someKnown,
  widthOf,
} from "./subject.ts";

const SEED = 11;
/** More than are drawn side by side. */
const MANY = 18;

/** What `sample` draws is what drawing from `score` gives, one code after the other. */
export async function drawsFromItsLikelihood(subject: Subject): Promise<void> {
  const count = 2;
  const { labels, ...others } = someConditions(subject.prior, count);
  const needed = labels === undefined ? {} : { labels };
  const ways: Readonly<Record<string, Partial<SampleOptions>>> = {
    "with default options": { conditions: needed },
    ...(subject.prior.guidable && {
      "with guidance": { conditions: { ...needed, ...others }, guidance: 2.5, temperature: 0.9 },
    }),
    "with codes that are given, the others cut to likely ones, at a temperature for each level": {
      conditions: { ...needed, ...others },
      given: someGiven(subject),
      temperature: [1.3, 0.6],
      firstRowTemperature: 0.2,
      topK: 3,
      topP: [0.95, 0.8],
    },
  };
  for (const [way, more] of Object.entries(ways)) {
    const options = { count, seed: SEED, ...more };
    const drawn = await subject.sample(options);
    compare(subject, drawn, await drawnFromScore(subject, drawn, options), {
      first: `${way}: sample draws`,
      second: "drawing from score gives",
    });
  }
}

/** A sample is the same whether it is drawn alone or with others, and whether counted or by its number. */
export async function ignoresTheBatch(subject: Subject): Promise<void> {
  const { space } = subject.prior;
  const conditions = someConditions(subject.prior, MANY);
  const draw = (count: number) =>
    subject.sample({ count, seed: SEED, conditions: someConditions(subject.prior, count) });
  const many = await draw(MANY);
  for (const count of [1, 3]) {
    compare(subject, await draw(count), many, {
      first: `drawn as one of ${count}, it is`,
      second: `as one of ${MANY}`,
    });
  }
  const numbers = [MANY - 1, 2];
  const ofThese = Object.entries(conditions).map(([name, values]) => {
    const width = values.length / MANY;
    return [
      name,
      numbers.flatMap((number) => Array.from(values).slice(number * width, (number + 1) * width)),
    ];
  });
  const named = await subject.sample({
    count: numbers.length,
    numbers,
    seed: SEED,
    conditions: Object.fromEntries(ofThese),
  });
  const taken = many.map((codes, level) => {
    const area = areaOf(space.levels[level]!);
    return Int32Array.from(
      numbers.flatMap((number) => [...codes.subarray(number * area, (number + 1) * area)]),
    );
  });
  compare(subject, named, taken, { first: "drawn by its number, it is", second: `as one of ${MANY}` });
}

/** The same seed draws the same samples, and another one others. */
export async function heedsSeeds(subject: Subject): Promise<void> {
  const draw = (seed: number) =>
    subject.sample({ count: MANY, seed, conditions: someConditions(subject.prior, MANY) });
  const first = await draw(SEED);
  compare(subject, first, await draw(SEED), { first: "the seed draws", second: "and drawn again" });
  const other = await draw(SEED + 1);
  if (first.every((codes, level) => codes.join() === other[level]!.join())) {
    throw new Error("another seed draws the same samples");
  }
}

/** Codes that are given are kept. */
export async function keepsGivenCodes(subject: Subject): Promise<void> {
  const { space } = subject.prior;
  const [count, given] = [2, someGiven(subject)];
  const conditions = someConditions(subject.prior, count);
  const drawn = await subject.sample({ count, seed: SEED, conditions, given });
  for (const [level, { codes, known }] of given.entries()) {
    const area = areaOf(space.levels[level]!);
    for (const [at, code] of drawn[level]!.entries()) {
      const position = at % area;
      if (known[position] === 0 || codes[position] === code) continue;
      throw new Error(
        `at ${placeName(space, { level, position })} the code ${codes[position]} is given, and ${code} drawn`,
      );
    }
  }
}

/** Levels drawn in two goes are those drawn in one. */
export async function continuesFromLevels(subject: Subject): Promise<void> {
  const count = 2;
  const options = { count, seed: SEED, conditions: someConditions(subject.prior, count) };
  const whole = await subject.sample(options);
  const coarsest = await subject.sample({ ...options, levels: 1 });
  if (coarsest.length !== 1) {
    throw new Error(`sample gives ${coarsest.length} levels where one is asked for (options.levels)`);
  }
  compare(subject, await subject.sample({ ...options, drawn: coarsest }), whole, {
    first: "drawn after the levels that are given in options.drawn, it is",
    second: "drawn with them",
  });
}

/** `onRow` is called with every row of every sample, once. */
export async function handsOverRows(subject: Subject): Promise<void> {
  const { levels } = subject.prior.space;
  const grown = levels.map((grid) => new Int32Array(MANY * areaOf(grid)).fill(-1));
  const drawn = await subject.sample({
    count: MANY,
    seed: SEED,
    conditions: someConditions(subject.prior, MANY),
    onRow: ({ level, row, first, codes }) => {
      const { rows, columns } = levels[level]!;
      for (const [at, code] of codes.entries()) {
        const sample = first + Math.floor(at / columns);
        grown[level]![(sample * rows + row) * columns + (at % columns)] = code;
      }
    },
  });
  compare(subject, grown, drawn, { first: "onRow was given", second: "sample gives" });
}

/** Options that are out of range are refused by a `SlicebookError` with code `SAMPLE_OPTIONS`. */
export async function refusesOptions({ prior, sample }: Subject): Promise<void> {
  const conditions = someConditions(prior, 1);
  const wrong: readonly Partial<SampleOptions>[] = [
    { count: -1 },
    { numbers: [0, 1] },
    { numbers: [-1] },
    { temperature: -1 },
    { firstRowTemperature: -1 },
    { topK: 0 },
    { topP: 0 },
    { levels: prior.space.levels.length + 1 },
    ...(conditions.labels === undefined ? [] : [{ conditions: { labels: [prior.space.classes] } }]),
    ...(conditions.covariates === undefined
      ? []
      : [{ conditions: { ...conditions, covariates: Array.from(conditions.covariates, () => 2) } }]),
    { guidance: prior.guidable ? -1 : 2 },
  ];
  for (const options of wrong) {
    const error: unknown = await sample({ count: 1, seed: SEED, conditions, ...options }).then(
      () => undefined,
      (reason) => reason,
    );
    if (isSlicebookError(error) && error.code === "SAMPLE_OPTIONS") continue;
    throw new Error(`sample does not refuse ${JSON.stringify(options)} with SAMPLE_OPTIONS`);
  }
}

/** A signal that is aborted has `sample` reject with its reason. */
export async function stopsWhenTold({ prior, sample }: Subject): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("told to stop");
  controller.abort(reason);
  const error: unknown = await sample({
    count: 1,
    seed: SEED,
    conditions: someConditions(prior, 1),
    signal: controller.signal,
  }).then(
    () => undefined,
    (rejected) => rejected,
  );
  if (error !== reason) throw new Error("sample does not reject with the reason of a signal that is aborted");
}

/**
 * What drawing from `score` gives at each place after the codes that were drawn before it.
 *
 * Where `sample` draws the same everywhere, it draws what one code after the other would be; all are scored at once,
 * each place with every code.
 */
async function drawnFromScore(
  { prior, score }: Subject,
  drawn: readonly Int32Array[],
  {
    count,
    seed,
    conditions = {},
    temperature = 1,
    firstRowTemperature,
    topK,
    topP = 1,
    guidance = 1,
    given,
  }: SampleOptions,
): Promise<Int32Array[]> {
  const { space } = prior;
  const places = placesOf(space);
  const most = Math.max(...space.levels.map(({ codes }) => codes));
  // Of each sample, for each place, a grid with each code there.
  const each = places.length * most;
  const sampleOf = (index: number) => Math.floor(index / each);
  const total = count * each;
  const tried = drawn.map((codes, level) => {
    const area = areaOf(space.levels[level]!);
    return Int32Array.from({ length: total * area }, (_, at) => {
      const [index, position] = [Math.floor(at / area), at % area];
      const changed = places[Math.floor(index / most) % places.length]!;
      if (changed.level === level && changed.position === position) {
        return Math.min(index % most, space.levels[level]!.codes - 1);
      }
      return codes[sampleOf(index) * area + position]!;
    });
  });
  const slicePositions = Array.from({ length: count }, (_, sample) => slicePositionAt(seed, sample));
  const ofSamples: ConditionValues = { slicePositions, ...conditions };
  /** What is told of each grid: all that is known of its sample, or nothing. */
  const told = (isKnown: boolean): ConditionValues =>
    Object.fromEntries(
      lastingConditions(prior.conditions).map((name) => {
        const width = widthOf(prior, name);
        const values = Array.from({ length: total * width }, (_, at) => {
          const sample = sampleOf(Math.floor(at / width));
          return (isKnown ? ofSamples[name]?.[sample * width + (at % width)] : undefined) ?? UNKNOWN;
        });
        return [name, values];
      }),
    );
  const known = given && prior.knownFirst ? someKnown(space) : undefined;
  const { logLikelihood } = await score(tried, told(true), known);
  if (guidance !== 1) {
    const untold = (await score(tried, told(false), known)).logLikelihood;
    for (const [level, logs] of logLikelihood.entries()) {
      for (const [at, log] of untold[level]!.entries()) logs[at] = log + guidance * (logs[at]! - log);
    }
  }
  const fromScore = drawn.map((codes) => codes.slice());
  for (const [placeIndex, { level, position }] of places.entries()) {
    const { codes, ...grid } = space.levels[level]!;
    const area = grid.rows * grid.columns;
    const options = {
      temperature:
        (level === 0 && position < grid.columns ? firstRowTemperature : undefined) ??
        ofLevel(temperature, level),
      topP: ofLevel(topP, level),
      ...(topK !== undefined && { topK }),
    };
    const kept = given?.[level];
    for (let sample = 0; sample < count; sample++) {
      const first = sample * each + placeIndex * most;
      const logs = Array.from(
        { length: codes },
        (_, code) => logLikelihood[level]![(first + code) * area + position]!,
      );
      fromScore[level]![sample * area + position] =
        kept !== undefined && kept.known[position] !== 0
          ? kept.codes[position]!
          : drawCode(logs, uniformAt(seed, sample, position, level), options);
    }
  }
  return fromScore;
}

/** Random codes, of which some are known. */
function someGiven({ prior: { space } }: Subject): GivenCodes[] {
  const known = someKnown(space);
  return randomGrids(space, 1, 13).map((codes, level) => ({ codes, known: known[level]! }));
}

/** Throws if the first samples are not those of `others`, which may be more; names where they differ. */
function compare(
  { prior: { space } }: Subject,
  samples: readonly Int32Array[],
  others: readonly Int32Array[],
  { first, second }: { readonly first: string; readonly second: string },
): void {
  if (samples.length !== others.length) {
    throw new Error(`${first} ${samples.length} levels, ${second} ${others.length}`);
  }
  for (const [level, codes] of samples.entries()) {
    const area = areaOf(space.levels[level]!);
    const at = codes.findIndex((code, index) => code !== others[level]![index]);
    if (at < 0) continue;
    const location = placeName(space, { level, position: at % area });
    throw new Error(
      `sample ${Math.floor(at / area)}, ${location}: ${first} ${codes[at]}, ${second} ${others[level]![at]}`,
    );
  }
}
