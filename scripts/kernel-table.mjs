// The table of kernels in tfjs-onnx's README, made from the kernels there are.
import { readFileSync, writeFileSync } from "node:fs";
import { root, run } from "./setup.mjs";

/** Writes the table anew, a row for each first letter. */
export async function writeKernelTable() {
  const { kernelNames } = await import(`${root}/packages/tfjs-onnx/dist/index.js`);
  const rows = new Map();
  for (const name of kernelNames) {
    const letter = name.replace(/^_/, "")[0];
    rows.set(letter, [...(rows.get(letter) ?? []), `\`${name}\``]);
  }
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([letter, names]) => `| ${letter} | ${names.join(", ")} |`);
  const table = ["|     |     |", "| --- | --- |", ...lines].join("\n");
  const file = `${root}/packages/tfjs-onnx/README.md`;
  const text = readFileSync(file, "utf8");
  const mark = ["<!-- kernels -->", "<!-- /kernels -->"];
  const [before, after] = [text.indexOf(mark[0]) + mark[0].length, text.indexOf(mark[1])];
  writeFileSync(file, `${text.slice(0, before)}\n${table}\n${text.slice(after)}`);
  run("npx", ["biome", "format", "--write", file]);
}
