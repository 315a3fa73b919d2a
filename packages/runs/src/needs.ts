import { SlicebookError, shellQuote } from "@slicebook/base";
import { exists } from "./files.ts";
import type { RunPaths } from "./run-paths.ts";
import type { Stage } from "./stages.ts";

/** What a stage needs of one before it. */
export interface Need {
  /** As messages name it. */
  readonly what: string;
  /** The stage that makes it. */
  readonly stage: Stage;
  /** Its files, the best first, any of which will do. */
  files(paths: RunPaths): readonly string[];
}

/** The checkpoint that a run's later stages use: the best on the validation split, else the last. */
export const trainedModel: Need = {
  what: "trained model",
  stage: "train",
  files: ({ best, last }) => [best, last],
};

export const codeGrids: Need = {
  what: "code grids",
  stage: "encode",
  files: ({ codes }) => [codes.train],
};

/** The file of the prior that samples are drawn from. */
export const trainedPrior: Need = {
  what: "trained prior",
  stage: "train-prior",
  files: ({ prior }) => [prior.best],
};

/** The file of what is needed. Throws `STAGE_MISSING` if there is none. */
export async function neededFile(paths: RunPaths, need: Need): Promise<string> {
  for (const file of need.files(paths)) if (await exists(file)) return file;
  throw missing(paths.folder, need);
}

/** What a stage of that run needs from one before it is not there. */
export function missing(folder: string, { what, stage }: Pick<Need, "what" | "stage">): SlicebookError {
  return new SlicebookError("STAGE_MISSING", `${folder} has no ${what} yet`, {
    remedy:
      stage === "train"
        ? "Train the model first, with `slicebook train CONFIG`."
        : `Run \`slicebook ${stage} ${shellQuote(folder)}\` first.`,
  });
}
