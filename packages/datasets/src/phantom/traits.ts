import { random } from "@slicebook/base";

/** What a phantom shows. */
export type PhantomAnatomy = "head" | "pelvis";

/** What of a subject shows in its anatomy. */
export interface PhantomTraits {
  /** Years: of a head the size of the ventricles and the sulci, of a pelvis that of the prostate. */
  readonly age: number;
  /** Of heads: women's are smaller. */
  readonly sex?: "F" | "M";
}

const YOUNGEST = 20;
const OLDEST = 90;

/** The traits of a subject, by the seed and its name. */
export function phantomTraits(seed: number, anatomy: PhantomAnatomy, subject: string): PhantomTraits {
  const source = random(seed, "phantom", anatomy, subject, "traits");
  const age = YOUNGEST + source.integer(OLDEST - YOUNGEST + 1);
  return anatomy === "pelvis" ? { age } : { age, sex: source.uniform() < 0.5 ? "F" : "M" };
}

/** What lies between two sizes as an age does between the youngest and the oldest. */
export function byAge({ age }: PhantomTraits, young: number, old: number): number {
  return young + ((old - young) * (age - YOUNGEST)) / (OLDEST - YOUNGEST);
}
