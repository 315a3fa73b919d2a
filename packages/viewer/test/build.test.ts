import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { pageFolder } from "../src/server/page-folder.ts";

it("loads less than 150 kB, packed, before a model is asked for", async () => {
  const html = await readFile(join(pageFolder(), "index.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path!);
  expect(named.some((path) => path.endsWith(".js"))).toBe(true);
  const files = ["index.html", ...named];
  // What a script imports at once is loaded with it; `import()` is not.
  for (const path of named.filter((name) => name.endsWith(".js"))) {
    const script = await readFile(join(pageFolder(), path), "utf8");
    for (const [, other] of script.matchAll(/\bfrom\s*"\.\/([^"]+)"/g)) files.push(`assets/${other}`);
  }
  const packed = await Promise.all(
    files.map(async (path) => gzipSync(await readFile(join(pageFolder(), path))).length),
  );
  expect(packed.reduce((sum, length) => sum + length, 0)).toBeLessThan(150_000);
});
