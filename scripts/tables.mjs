// The tables in the packages' READMEs that are made from the code.
import { readFileSync, writeFileSync } from "node:fs";
import { root, run } from "./setup.mjs";

/** Writes them anew. */
export async function writeTables() {
  const { kernelNames } = await import(`${root}/packages/tfjs-onnx/dist/index.js`);
  const { errorCodes } = await import(`${root}/packages/base/dist/index.js`);
  writeTable("packages/tfjs-onnx/README.md", "kernels", ["", ""], byLetter(kernelNames));
  writeTable(
    "packages/base/README.md",
    "error codes",
    ["code", "thrown when"],
    Object.entries(errorCodes).map(([code, when]) => [`\`${code}\``, when]),
  );
}

/** A row for each first letter. */
function byLetter(names) {
  const rows = new Map();
  for (const name of names) {
    const letter = name.replace(/^_/, "")[0];
    rows.set(letter, [...(rows.get(letter) ?? []), `\`${name}\``]);
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([letter, inRow]) => [letter, inRow.join(", ")]);
}

function writeTable(path, name, head, rows) {
  const lines = [head, ["---", "---"], ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const file = `${root}/${path}`;
  const text = readFileSync(file, "utf8");
  const mark = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, after] = [text.indexOf(mark[0]) + mark[0].length, text.indexOf(mark[1])];
  writeFileSync(file, `${text.slice(0, before)}\n${lines.join("\n")}\n${text.slice(after)}`);
  run("npx", ["biome", "format", "--write", file]);
}
