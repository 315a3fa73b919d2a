import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { slicebook, temporaryFolder } from "./command.ts";

const cwd = temporaryFolder();
const committed = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");

test.each([
  ["--schema", "packages/cli/slicebook.schema.json"],
  ["--reference", "docs/configuration.md"],
])("what `config %s` prints is committed as %s", async (flag, path) => {
  const { code, stdout } = await slicebook(["config", flag], { cwd });
  expect(code).toBe(0);
  // If not: `npm run docs` writes both anew.
  expect(await committed(path)).toBe(stdout);
});

test.each(["hipmri", "oasis", "adni", "phantom"])(
  "configs/%s.yaml tells editors its schema",
  async (name) => {
    const [first] = (await committed(`configs/${name}.yaml`)).split("\n");
    expect(first).toBe("# yaml-language-server: $schema=../packages/cli/slicebook.schema.json");
  },
);
