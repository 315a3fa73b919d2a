import { writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import { readJsonIfThere } from "./files.ts";
import type { RunPaths } from "./run-paths.ts";

const subjectsSchema = z.strictObject({
  schema: z.literal(1),
  train: z.array(z.string()),
  validate: z.array(z.string()),
  test: z.array(z.string()),
});

/** `subjects.json`: whose slices a run was trained on, steered by and tested on. */
export type KeptSubjects = z.output<typeof subjectsSchema>;

/** The subjects of a run; undefined where it was made before they were kept. */
export async function readSubjects({ subjects }: RunPaths): Promise<KeptSubjects | undefined> {
  return readJsonIfThere(subjects, subjectsSchema);
}

export async function writeSubjects({ subjects }: RunPaths, kept: KeptSubjects): Promise<void> {
  await writeFileAtomic(subjects, `${JSON.stringify(kept, undefined, 2)}\n`);
}
