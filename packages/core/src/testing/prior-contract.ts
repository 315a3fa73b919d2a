import type { HostTensors, TensorEngine } from "@slicebook/base";
import type { CodeSpace } from "../code-space.ts";
import type { Prior } from "../prior/contract.ts";
import { heedsConditions, isCausal, knowsTheLikeliest, sumsToOne } from "./likelihood-checks.ts";
import {
  continuesFromLevels,
  drawsFromItsLikelihood,
  handsOverRows,
  heedsSeeds,
  ignoresTheBatch,
  keepsGivenCodes,
  refusesOptions,
  stopsWhenTold,
} from "./sampling-checks.ts";
import { countGrids, type Subject, trainedSubject } from "./subject.ts";
import { keepsAverages, trainsAlike } from "./training-checks.ts";

/** One demand of the contract on a prior for codes of one form: `run` rejects with the reason why it is not met. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

export interface ContractOptions {
  /** What computes, such as `createEngine({ kind: "cpu" })` of `@slicebook/engine`. */
  readonly engine: TensorEngine;
  /** The prior's own options; a small model is enough. */
  readonly options?: unknown;
  /** Forms of codes by name; {@link CONTRACT_SPACES} unless given. */
  readonly spaces?: Readonly<Record<string, CodeSpace>>;
  /** Changes the weights after a few steps of training, such as by noise that leaves none at zero. */
  readonly weights?: (parameters: HostTensors) => HostTensors;
}

/** Forms of codes that differ in shape, number of levels, and what is known of slices besides. */
export const CONTRACT_SPACES: Readonly<Record<string, CodeSpace>> = {
  "one grid": { levels: [{ codes: 3, rows: 2, columns: 3 }], classes: 0 },
  "two classes": { levels: [{ codes: 2, rows: 3, columns: 3 }], classes: 2 },
  "one row": { levels: [{ codes: 3, rows: 1, columns: 4 }], classes: 0 },
  "one column": { levels: [{ codes: 3, rows: 4, columns: 1 }], classes: 0 },
  "a coarse level and a fine one": {
    levels: [
      { codes: 2, rows: 1, columns: 2 },
      { codes: 2, rows: 2, columns: 4 },
    ],
    classes: 0,
  },
  "two levels of one size, two classes": {
    levels: [
      { codes: 2, rows: 2, columns: 2 },
      { codes: 3, rows: 2, columns: 2 },
    ],
    classes: 2,
  },
  "three levels whose sides do not divide, varied slices of three classes": {
    levels: [
      { codes: 5, rows: 2, columns: 2 },
      { codes: 4, rows: 4, columns: 3 },
      { codes: 3, rows: 5, columns: 4 },
    ],
    classes: 3,
    variations: 2,
  },
  "two levels, two classes, an age and one of three scanners": {
    levels: [
      { codes: 3, rows: 2, columns: 1 },
      { codes: 2, rows: 2, columns: 3 },
    ],
    classes: 2,
    covariates: [{ categories: 0 }, { categories: 3 }],
  },
};

/** More grids than these are not enumerated. */
const MOST_GRIDS = 5000;

const CHECKS: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
  "takes the same steps for the same seed": trainsAlike,
  "is kept as its averages alone": keepsAverages,
  "gives all grids together a probability of 1": sumsToOne,
  "predicts a code from those before it only": isCausal,
  "knows which code is the likeliest": knowsTheLikeliest,
  "heeds the conditions that it names": heedsConditions,
  "draws what its likelihood says, code for code": drawsFromItsLikelihood,
  "draws the same sample whatever is drawn with it": ignoresTheBatch,
  "draws by the seed": heedsSeeds,
  "keeps the codes that are given": keepsGivenCodes,
  "continues from levels that are drawn already": continuesFromLevels,
  "hands over each row as it is drawn": handsOverRows,
  "refuses options that are out of range": refusesOptions,
  "stops when it is told to": stopsWhenTold,
};

/**
 * The contract of priors as test cases, for any test runner:
 *
 * `for (const { name, run } of priorContract(prior, { engine })) test(name, run);`
 */
export function priorContract<Config>(
  prior: Prior<Config>,
  { engine, options = {}, spaces = CONTRACT_SPACES, weights = (parameters) => parameters }: ContractOptions,
): readonly ContractCase[] {
  return Object.entries(spaces).flatMap(([spaceName, space]) => {
    let prepared: Promise<Subject> | undefined;
    const subject = () => {
      prepared ??= trainedSubject(prior.bind(prior.schema.parse(options), space), engine, weights);
      return prepared;
    };
    return Object.entries(CHECKS)
      .filter(([, check]) => check !== sumsToOne || countGrids(space) <= MOST_GRIDS)
      .map(([name, check]) => ({
        name: `${prior.name}, ${spaceName}: ${name}`,
        run: async () => check(await subject()),
      }));
  });
}
