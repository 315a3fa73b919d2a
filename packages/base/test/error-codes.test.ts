import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorCodes, SlicebookError } from "../src/index.ts";

it("lists in the readme the codes there are, and when they are thrown", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  // If not: `npm run docs` writes the table anew.
  const rows = readme.matchAll(/^\| `([A-Z_]+)` +\| (.*?) +\|$/gm);
  expect(Object.fromEntries(Array.from(rows, ([, code, when]) => [code, when]))).toEqual(errorCodes);
});

it("takes a code of the list, or a plug-in's own", () => {
  expect(new SlicebookError("CONFIG_INVALID", "").code).toBe("CONFIG_INVALID");
  expect(new SlicebookError("my-slices/NO_TABLE", "").code).toBe("my-slices/NO_TABLE");
  // @ts-expect-error: no such code
  expect(new SlicebookError("CONFIG_INVALD", "").code).toBe("CONFIG_INVALD");
});
