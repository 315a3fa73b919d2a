// Packs packages as they would be published: node scripts/pack.mjs FOLDER NAME… writes FOLDER/slicebook-NAME.tgz.
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "./setup.mjs";

/** Packs built packages, by their folders' names; gives the files' paths. */
export function pack(folder, names) {
  const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  return names.map((name) => {
    const file = `${target}/slicebook-${name}.tgz`;
    const status = run("npx", ["--yes", packageManager, "pack", "--out", file], {
      cwd: `${root}/packages/${name}`,
      stdio: ["ignore", "ignore", 2],
    });
    if (status !== 0) throw new Error(`packages/${name} could not be packed`);
    return file;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...names] = process.argv.slice(2);
  if (folder === undefined || names.length === 0) {
    console.error("usage: node scripts/pack.mjs FOLDER NAME…");
    process.exit(2);
  }
  for (const file of pack(folder, names)) console.log(file);
}
