import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InspectFlags, OutputOptions } from "../flags.ts";
import { paint } from "../paint.ts";
import { perform } from "../perform.ts";
import { printable } from "../printable.ts";

/** Says what is in the data set of a YAML file, or in a folder in one of the known layouts. */
export async function inspect(
  subject: string,
  overrides: readonly string[],
  options: OutputOptions & InspectFlags,
): Promise<void> {
  if (!(await isFolder(subject))) return look(subject, overrides, options);
  const { adapter } = options;
  // The pipeline takes its data set from a file.
  const folder = await mkdtemp(join(tmpdir(), "slicebook-inspect-"));
  try {
    const config = join(folder, "inspect.yaml");
    if (adapter === undefined) {
      const { initialConfig } = await import("@slicebook/config");
      const { yaml, notes } = await initialConfig(subject);
      for (const note of notes) {
        process.stderr.write(`${paint("yellow", "check:", process.stderr)} ${printable(note)}\n`);
      }
      await writeFile(config, yaml);
      await look(config, overrides, options);
    } else {
      // An almost empty one, with the folder given as an override, which names itself as such in messages.
      await writeFile(config, "dataset: {}\n");
      await look(config, [`dataset.root=${JSON.stringify(subject)}`, ...overrides], options);
    }
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
  await perform({ kind: "inspect", config, overrides: chosen, out }, options);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
