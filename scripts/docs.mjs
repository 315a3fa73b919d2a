// Writes what is made from the code: the configuration's JSON Schema and reference, and tables of the READMEs.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { root, setup } from "./setup.mjs";
import { writeTables } from "./tables.mjs";

setup();
for (const [flag, path] of [
  ["--schema", "packages/cli/slicebook.schema.json"],
  ["--reference", "docs/configuration.md"],
]) {
  const args = [`${root}/packages/cli/bin/slicebook.js`, "config", flag];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", 2] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(`${root}/${path}`, stdout);
}
await writeTables();
