// Packs packages as they would be published: node scripts/pack.mjs FOLDER NAME… writes FOLDER/slicebook-NAME.tgz (slicebook.tgz for cli).
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "./setup.mjs";

/** Packs built packages, by their folders' names, as their own names say; gives the files' paths. */
export function pack(folder, names) {
  const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  const chosen = names.flatMap((name) => ["--filter", `./packages/${name}`]);
  const args = ["--yes", packageManager, ...chosen, "--recursive", "pack", "--out", `${target}/%s.tgz`];
  const status = run("npx", args, { stdio: ["ignore", "ignore", 2] });
  if (status !== 0) throw new Error("the packages could not be packed");
  return names.map((name) => {
    const { name: full } = JSON.parse(readFileSync(`${root}/packages/${name}/package.json`, "utf8"));
    return `${target}/${full.replace("@", "").replace("/", "-")}.tgz`;
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
