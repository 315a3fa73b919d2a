import { readdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { openRun, readRun } from "@slicebook/runs";
import type { CodebookAnswer, FrequenciesAnswer } from "../shared/answers.ts";
import { codebookAnswer, frequenciesAnswer, samplesAnswer } from "./code-grids.ts";
import { exists, fromRun, type RunsFolder, runAnswer, runFolder, runsAnswer } from "./runs-folder.ts";

/** The answers about a folder of runs by their paths, such as `data/phantom/run.json`. */
export interface RunData {
  /** The answer, to be sent as JSON; undefined if there is none of that path. */
  answer(path: string): Promise<unknown>;
}

/** The paths below `data/` of what is known of a run. */
export const RUN_ANSWERS = ["run.json", "codebook.json", "frequencies.json", "samples.json"] as const;

export function createRunData(folder: RunsFolder, { live }: { readonly live: boolean }): RunData {
  const codebooks = remembered<CodebookAnswer>();
  const frequencies = remembered<FrequenciesAnswer>();
  return {
    async answer(path) {
      if (path === "runs.json") return runsAnswer(folder, live);
      const [id, name, ...rest] = path.split("/");
      const runPath = id === undefined || rest.length > 0 ? undefined : await runFolder(folder, id);
      if (runPath === undefined) return undefined;
      const { paths, novelty } = openRun(runPath);
      if (name === "run.json") return runAnswer(runPath);
      if (name === "codebook.json" && (await exists(paths.codes.test))) {
        return codebooks([paths.codes.test], async () => {
          const { info } = await readRun(runPath);
          return codebookAnswer(paths.codes.test, fromRun(runPath, paths.codes.test), info.model);
        });
      }
      if (name === "frequencies.json" && (await exists(paths.codes.train))) {
        return frequencies([paths.codes.train], async () => {
          const { info } = await readRun(runPath);
          return frequenciesAnswer(paths.codes.train, info.model);
        });
      }
      const drawn = paths.sampleCodes;
      if (name === "samples.json" && (await exists(drawn)) && (await exists(paths.codes.train))) {
        const there = new Set(await readdir(paths.samples));
        return samplesAnswer(
          { samples: drawn, train: paths.codes.train },
          { path: fromRun(runPath, drawn), trainPath: fromRun(runPath, paths.codes.train) },
          {
            novelty: await novelty(),
            picture: (name) => {
              const file = paths.samplePicture(name);
              return there.has(basename(file)) ? fromRun(runPath, file) : null;
            },
          },
        );
      }
      return undefined;
    },
  };
}

/** Remembers what took long to find out from files, for as long as these are as they were. */
function remembered<T>(): (files: readonly string[], find: () => Promise<T>) => Promise<T> {
  const known = new Map<string, { readonly stamp: string; readonly answer: Promise<T> }>();
  return async (files, find) => {
    const stamps = await Promise.all(files.map((file) => stat(file)));
    const stamp = stamps.map(({ mtimeMs, size }) => `${mtimeMs} ${size}`).join(" ");
    const key = files.join("\n");
    const before = known.get(key);
    if (before?.stamp === stamp) return before.answer;
    const answer = find();
    known.set(key, { stamp, answer });
    answer.catch(() => known.delete(key));
    return answer;
  };
}
