import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Stage, stages } from "@slicebook/runs/stages";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

/** The hash of each file of a folder by its path. */
async function hashes(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [
            file.slice(folder.length + 1),
            createHash("sha256")
              .update(await readFile(file))
              .digest("hex"),
          ] as const,
      ),
    ),
  );
}

it("writes each file of a run in one stage, but for run.json, which tells of them all", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const folder = place.at("runs", "tiny");
  const writers = new Map<string, Stage>();
  let before = new Map<string, string>();
  for (const stage of stages) {
    const overrides = [`run.root=${place.at("runs")}`];
    await execute({ kind: "run", config, overrides, stages: [stage], resume: false });
    const after = await hashes(folder);
    for (const [file, hash] of after) {
      if (before.get(file) === hash || file === "run.json") continue;
      expect(writers.get(file), `${file}, written again by ${stage}`).toBeUndefined();
      writers.set(file, stage);
    }
    before = after;
  }
  expect(writers.get("evaluation.json")).toBe("evaluate");
  expect(writers.get(join("prior", "evaluation.json"))).toBe("train-prior");
});
