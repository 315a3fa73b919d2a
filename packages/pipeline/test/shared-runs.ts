import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Stage, stages } from "@slicebook/runs/stages";
import type { Event } from "@slicebook/session";
import { inject } from "vitest";
import type {} from "../../testing/test/shared-folder.ts";
import { execute } from "../src/api/execute.ts";
import type { Result } from "../src/api/requests.ts";
import { listen, TINY } from "./helpers.ts";

/** What the making of a run gave. */
export interface Made {
  readonly result: Result;
  readonly events: readonly Event[];
}

/** The runs that files of tests share, made once, by the first that asks. */
const shared = {
  /** TINY as it is. */
  tiny: { overrides: [], stages },
  /** Two grids, of two codes a place. */
  levels: {
    overrides: ["model.hierarchy=2", "model.quantizer.depth=2"],
    stages: ["train", "encode", "evaluate", "train-prior"],
  },
} satisfies Record<string, { readonly overrides: readonly string[]; readonly stages: readonly Stage[] }>;

/** Copies a shared run to `ROOT/NAME`, as if it had been made there, for a test to read or to change. */
export async function copySharedRun(name: keyof typeof shared, root: string): Promise<Made> {
  const home = join(inject("sharedFolder"), "runs");
  const known = join(home, `${name}.json`);
  if (!existsSync(known)) {
    await mkdir(home, { recursive: true });
    const config = join(home, `${name}.yaml`);
    await writeFile(config, TINY);
    const { events, onEvent } = listen();
    const { overrides, stages } = shared[name];
    const all = [`run.root=${home}`, ...overrides];
    const result = await execute({ kind: "run", config, overrides: all, stages, resume: false }, { onEvent });
    await writeFile(known, JSON.stringify({ result, events }));
  }
  const run = join(root, name);
  await cp(join(home, name), run, { recursive: true });
  const written = join(run, "config.yaml");
  await writeFile(written, (await readFile(written, "utf8")).replace(`root: ${home}\n`, `root: ${root}\n`));
  return JSON.parse(await readFile(known, "utf8"));
}
