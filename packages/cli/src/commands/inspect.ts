import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { perform } from "../perform.ts";
import type { InspectFlags, OutputOptions } from "../program.ts";

/** Says what is in the data set of a YAML file, or in a folder in one of the known layouts. */
export async function inspect(
  subject: string,
  overrides: readonly string[],
  options: OutputOptions & InspectFlags,
): Promise<void> {
  if (!(await isFolder(subject))) return look(subject, overrides, options);
  const adapter = options.adapter ?? (await recogniseLayout(subject));
  // The pipeline takes its data set from a file: an almost empty one, with the folder given as overrides, which name
  // themselves as such in messages.
  const folder = await mkdtemp(join(tmpdir(), "slicebook-inspect-"));
  try {
    const config = join(folder, "inspect.yaml");
    await writeFile(config, "dataset: {}\n");
    await look(
      config,
      [`dataset.adapter=${JSON.stringify(adapter)}`, `dataset.root=${JSON.stringify(subject)}`, ...overrides],
      options,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function look(
  config: string,
  overrides: readonly string[],
  options: OutputOptions & InspectFlags,
): Promise<void> {
  const { out, adapter } = options;
  const chosen =
    adapter === undefined ? overrides : [`dataset.adapter=${JSON.stringify(adapter)}`, ...overrides];
  await perform(
    { kind: "inspect", config, overrides: chosen, ...(out === undefined ? {} : { out }) },
    options,
  );
}

/** The split folders of each layout; they lie at most two levels under the root. */
const landmarks: readonly (readonly [RegExp, string])[] = [
  [/^keras_slices_(train|validate|test)$/, "hipmri"],
  [/^keras_png_slices_(train|validate|test)$/, "oasis"],
  [/^(AD|NC)$/, "adni"],
];

async function recogniseLayout(root: string): Promise<string> {
  let folders = [root];
  // ADNI's class folders lie one level under its split folders, hence three.
  for (let depth = 0; depth < 4; depth++) {
    const below: string[] = [];
    for (const folder of folders) {
      const entries = await readdir(folder, { withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isDirectory()) continue;
        const landmark = landmarks.find(([pattern]) => pattern.test(entry.name));
        if (landmark !== undefined) return landmark[1];
        below.push(join(folder, entry.name));
      }
    }
    folders = below;
  }
  throw new SlicebookError(
    "LAYOUT_UNKNOWN",
    `${root}: no folder keras_slices_train (hipmri), keras_png_slices_train (oasis) or AD and NC (adni) in it`,
    { remedy: "Name the layout with --adapter, or give a YAML file." },
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
