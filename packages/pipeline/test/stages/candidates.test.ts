import { join } from "node:path";
import { bindPrior, loadRunConfig, openSession, priorParameters } from "@slicebook/session";
import { describe, expect, it } from "vitest";
import { execute } from "../../src/api/execute.ts";
import { CANDIDATES_APART, plausible } from "../../src/stages/candidates.ts";
import { readTensors, temporaryFolder } from "../helpers.ts";
import { copySharedRun } from "../shared-runs.ts";

const place = temporaryFolder();

describe("plausible", () => {
  // Five training slices at 0: a picture's distance is its value.
  const points = (...data: number[]) => ({ data, width: 1 });
  const training = points(0, 0, 0, 0, 0);
  const kept = (each: number, ...values: number[]) =>
    plausible({ candidates: points(...values), each, training });

  it("keeps, of the quarter of a sample's candidates that lie nearest to training slices, the farthest", () => {
    expect(kept(8, 7, 5, 3, 2, 6, 0, 1, 9, 1, 1, 1, 1, 1, 1, 1, 0)).toEqual([6, 8]);
    expect(kept(4, 7, -5, 9, 30, 20, 6.5, 1, 0)).toEqual([1, 7]);
    expect(kept(2, 3, 2)).toEqual([1]);
    expect(kept(1, 3, 2)).toEqual([0, 1]);
  });

  it("takes the distance from the five nearest of the training slices, as the root of the mean square", () => {
    // √((9 + 16) / 5) at 0, √((4 + 25 + 3) / 5) at 1, √((16 + 9 + 3) / 5) at -1.
    const spread = points(3, -4, 0, 0, 0, 100);
    expect(plausible({ candidates: points(1, 0, -1, 2), each: 4, training: spread })).toEqual([1]);
  });
});

describe("sample.candidates", () => {
  it("keeps one of the coarsest grids that are drawn for each sample, whatever the number of samples", async () => {
    await copySharedRun("levels", place.at("runs"));
    const folder = place.at("runs", "levels");
    const draw = async (...overrides: string[]) => {
      await execute({ kind: "stages", run: folder, stages: ["sample"], resume: false, overrides });
      const { tensors } = await readTensors(join(folder, "samples", "codes.safetensors"));
      return Object.fromEntries(
        Object.entries(tensors).map(([name, { data, shape }]) => {
          const each = data.length / shape[0]!;
          return [
            name,
            Array.from({ length: shape[0]! }, (_, at) => [...data.slice(at * each, (at + 1) * each)]),
          ];
        }),
      );
    };
    const session = openSession(await loadRunConfig(folder, []), folder, {});
    const prior = await bindPrior(session, { classes: [], covariates: [] });
    const numbers = [0, 1, 2].flatMap((sample) => [0, 1, 2, 3].map((one) => sample + one * CANDIDATES_APART));
    const candidates = await prior.sample(await session.engine(), await priorParameters(session, prior), {
      count: numbers.length,
      numbers,
      seed: 0,
    });
    await session.dispose();
    const kept = await draw("sample.count=3", "sample.candidates=4", "sample.redraws=0");
    for (const sample of [0, 1, 2]) {
      const equal = [0, 1, 2, 3].filter((one) =>
        [0, 1].every((level) => {
          const codes = candidates[level]!;
          const each = codes.length / numbers.length;
          const from = (4 * sample + one) * each;
          return `${codes.subarray(from, from + each)}` === `${kept[`codes.${level}`]![sample]}`;
        }),
      );
      expect(equal).toHaveLength(1);
    }
    const fewer = await draw("sample.count=2", "sample.candidates=4", "sample.redraws=0");
    for (const level of ["codes.0", "codes.1", "codes.2", "codes.3"]) {
      expect(fewer[level]).toEqual(kept[level]!.slice(0, 2));
    }
  });
});
