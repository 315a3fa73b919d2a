/** The stages of a run, in their order. */
export const stages = ["train", "encode", "evaluate", "train-prior", "sample", "report"] as const;
export type Stage = (typeof stages)[number];
