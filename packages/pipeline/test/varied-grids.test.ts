import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig, variedCopies } from "@slicebook/config";
import { exists } from "@slicebook/runs";
import { loadCodes } from "@slicebook/runs/tensors";
import { openSession, withVariedGrids } from "@slicebook/session";
import { beforeAll, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { listen, TINY, temporaryFolder } from "./helpers.ts";
import { copySharedRun } from "./shared-runs.ts";

const place = temporaryFolder();
let folder: string;

beforeAll(async () => {
  await place.write("varied.yaml", TINY);
  await copySharedRun("tiny", place.at("runs"));
  folder = place.at("runs", "tiny");
  await rm(join(folder, "prior"), { recursive: true });
});

/** The training grids with what these overrides add to them. */
async function varied(...overrides: readonly string[]) {
  const config = await loadConfig(place.at("varied.yaml"), overrides);
  const session = openSession(config, folder, {});
  try {
    const grids = (await loadCodes(join(folder, "codes", "train.safetensors")))!;
    return { grids, all: await withVariedGrids(session, grids) };
  } finally {
    await session.dispose();
  }
}

it("adds as many varied copies of each training slice as asked for, behind the slices, the same each time", async () => {
  const options = [
    "prior.augment={ copies: 3, shift: 0.2, rotation: 0, zoom: 0, elastic: 0, intensity: 0.3 }",
  ];
  const { grids, all } = await varied(...options);
  expect(all.labels.length).toBe(4 * grids.labels.length);
  const { data, shape } = all.levels[0]!;
  expect(shape).toEqual([48, 8, 8]);
  const codes = grids.levels[0]!.data;
  expect(data.subarray(0, codes.length)).toEqual(codes);
  for (const name of grids.names) expect(all.names.filter((other) => other === name)).toHaveLength(4);
  const grid = (index: number) => data.subarray(index * 64, (index + 1) * 64).join();
  const same = all.names.filter(
    (name, index) => index >= 12 && grid(index) === grid(grids.names.indexOf(name)),
  );
  expect(same.length).toBeLessThan(18);
  expect((await varied(...options)).all).toEqual(all);
});

it("encodes a copy as it does the slice: moved by nothing, it has the slice's codes", async () => {
  // Rotations of a billionth of a degree move no pixel by what the encoder could see.
  const still = "prior.augment={ copies: 1, shift: 0, rotation: 1e-9, zoom: 0, elastic: 0, intensity: 0 }";
  const { grids, all } = await varied(still);
  const { data } = all.levels[0]!;
  const codes = grids.levels[0]!.data;
  let differing = 0;
  for (const [index, name] of all.names.entries()) {
    const at = grids.names.indexOf(name);
    for (let code = 0; code < 64; code++)
      if (data[index * 64 + code] !== codes[at * 64 + code]) differing += 1;
  }
  expect(differing / data.length).toBeLessThan(0.01);
});

it("is trained on by the prior, whose epochs then have as many grids more", async () => {
  const progress = async (...overrides: readonly string[]) => {
    const { events, onEvent } = listen();
    const stages = ["train-prior"] as const;
    await execute({ kind: "stages", run: folder, overrides, stages, resume: false }, { onEvent });
    return events.flatMap((event) => (event.type === "progress" ? [event] : []));
  };
  const isTraining = ({ unit }: { unit: string }) => unit === "grids";
  expect((await progress()).findLast(isTraining)).toMatchObject({ totalSteps: 6 });
  const copies = await progress("prior.augment.copies=1", "prior.augment.flip=true");
  expect(copies.findLast(isTraining)).toMatchObject({ totalSteps: 12 });
  expect(copies.map(({ unit }) => unit)).toContain("images");
  // Once it is trained, only its evaluation is made anew: no copies are encoded for it.
  await rm(join(folder, "prior", "evaluation.json"));
  expect(await progress()).toEqual([]);
  expect(await exists(join(folder, "prior", "evaluation.json"))).toBe(true);
});

it("refuses copies that nothing varies", async () => {
  const nothing = "prior.augment={ copies: 2, shift: 0, rotation: 0, zoom: 0, elastic: 0, intensity: 0 }";
  await expect(loadConfig(place.at("varied.yaml"), [nothing])).rejects.toThrow(
    /prior\.augment.*shift, rotation, zoom, elastic, flip or intensity/,
  );
});

it("makes as many copies of few slices as bring them to about two thousand, and none of many", () => {
  expect([30, 208, 1000, 1999, 2000].map((slices) => variedCopies({ copies: null }, slices))).toEqual([
    15, 9, 1, 0, 0,
  ]);
  expect(variedCopies({ copies: 3 }, 5000)).toBe(3);
});
