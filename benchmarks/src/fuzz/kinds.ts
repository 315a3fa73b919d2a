/** What is damaged, by the code that reads it. */
export const FUZZ_KINDS = ["picture", "config", "run", "slbk"] as const;
export type FuzzKind = (typeof FUZZ_KINDS)[number];

/** An input of a campaign: all of it follows from the campaign's seed, its kind and its number. */
export interface FuzzInput {
  readonly kind: FuzzKind;
  readonly number: number;
}

/** What a worker is started with. */
export interface FuzzWorkerOptions {
  readonly seed: number;
  /** A folder of its own to write inputs to. */
  readonly folder: string;
  /** A run, trained and encoded, of which it takes a copy. */
  readonly run: string;
  /** A slice that the run compressed. */
  readonly slbk: string;
}

/** What came of an input. */
export interface FuzzReply {
  readonly input: FuzzInput;
  /** `read`: taken as it is; `refused`: by an error that is the user's; `internal`: by any other. */
  readonly outcome: "read" | "refused" | "internal";
  /** Of an internal error. */
  readonly why?: string;
  /** The process's largest memory so far, in bytes. */
  readonly memory: number;
}
