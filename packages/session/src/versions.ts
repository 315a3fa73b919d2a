import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The versions of this package (as `slicebook`), of Node, and of the libraries that compute. */
export async function versionsInUse(): Promise<Record<string, string>> {
  const here = createRequire(import.meta.url);
  const engine = createRequire(here.resolve("@slicebook/engine"));
  const datasets = createRequire(here.resolve("@slicebook/datasets"));
  return {
    slicebook: (await versionOf(here, "@slicebook/session")) ?? "unknown",
    node: process.versions.node,
    ...known("@tensorflow/tfjs-core", await versionOf(engine, "@tensorflow/tfjs-core")),
    ...known("onnxruntime-node", await versionOf(engine, "onnxruntime-node")),
    ...known("sharp", await versionOf(datasets, "sharp")),
  };
}

function known(name: string, version: string | undefined): Record<string, string> {
  return version === undefined ? {} : { [name]: version };
}

/** The version in the package.json above a package's entry; not every package exports that file. */
async function versionOf(require: NodeJS.Require, name: string): Promise<string | undefined> {
  let folder: string;
  try {
    folder = dirname(require.resolve(name));
  } catch {
    return undefined;
  }
  for (; ; folder = dirname(folder)) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    const manifest: { name?: unknown; version?: unknown } = text === undefined ? {} : JSON.parse(text);
    if (manifest.name === name && typeof manifest.version === "string") return manifest.version;
    if (folder === dirname(folder)) return undefined;
  }
}
