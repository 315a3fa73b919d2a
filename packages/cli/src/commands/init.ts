import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { counted, SlicebookError, shellQuote } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { configNameFor, type InitialConfig, initialConfig } from "@slicebook/config";
import type { InitFlags } from "../flags.ts";
import { table } from "../format.ts";
import { programName } from "../invocation.ts";
import { paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** Writes a commented configuration for a folder that it looks at. */
export async function init(
  root: string,
  { out = configNameFor(root), force, json, preset }: InitFlags,
): Promise<void> {
  if (!force && existsSync(out)) {
    throw new SlicebookError("FILE_EXISTS", `${out} already exists`, {
      remedy: "Name another file with --out, or add --force to overwrite it.",
    });
  }
  const initial = await initialConfig(root, { schema: schemaFrom(out), preset });
  await writeFileAtomic(out, initial.yaml);
  const next = `${programName()} run ${shellQuote(out)}`;
  if (json) {
    const { yaml: _, ...facts } = initial;
    process.stdout.write(`${JSON.stringify({ config: out, ...facts, next })}\n`);
  } else process.stdout.write(describe(initial, { root, out, next }));
}

/**
 * The JSON Schema that comes with this package, as the configuration's editor finds it; undefined where the package
 * lies elsewhere than the project, since such a path would hold on this machine only.
 */
function schemaFrom(config: string): string | undefined {
  const schema = fileURLToPath(new URL("../../slicebook.schema.json", import.meta.url));
  if (relative(process.cwd(), schema).startsWith("..")) return undefined;
  return relative(dirname(resolve(config)), schema)
    .split(sep)
    .join("/");
}

function describe(
  { adapter, pattern, size, splits, classes, notes }: InitialConfig,
  { root, out, next }: { readonly root: string; readonly out: string; readonly next: string },
): string {
  const facts = [
    ["Folder", printable(root)],
    ["Layout", pattern === undefined ? adapter : printable(`${adapter}: ${pattern}`)],
    ["Size", `${size[0]}×${size[1]} (height × width)`],
    ...(classes.length === 0 ? [] : [["Classes", printable(classes.join(", "))]]),
    ...Object.entries(splits).map(([split, { slices, subjects }]) => [
      split,
      `${counted(slices, "slice")} of ${counted(subjects, "subject")}`,
    ]),
    ["Wrote", out],
  ];
  const checks = notes
    .map((note) => `${paint("yellow", "check:", process.stdout)} ${printable(note)}\n`)
    .join("");
  const look = `${programName()} inspect ${shellQuote(out)} --out sheet.png`;
  return `${table(facts)}\n${checks}\nNext     ${next}\nor look  ${look}\n`;
}
