import { mkdir, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openFileAtomic, writeFileAtomic } from "../src/node.ts";

it("writes and replaces a file, making its folders and leaving nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-"));
  const path = join(folder, "a", "b.txt");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
  expect(await readFile(path, "utf8")).toBe("two");
  expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
});

it("leaves nothing behind when it fails", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-"));
  await mkdir(join(folder, "taken", "inside"), { recursive: true });
  await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["taken"]);
});

it("puts a streamed file in its place when it is committed, not before, and never when it is discarded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-"));
  const path = join(folder, "a.bin");
  await writeFileAtomic(path, "old");
  const discarded = await openFileAtomic(path);
  await discarded.write(new Uint8Array([1]));
  await discarded.discard();
  const file = await openFileAtomic(path);
  await file.write(new Uint8Array([110, 101]));
  await file.write(new Uint8Array([119]));
  expect(await readFile(path, "utf8")).toBe("old");
  await file.commit();
  await file.discard();
  expect(await readFile(path, "utf8")).toBe("new");
  expect(await readdir(folder)).toEqual(["a.bin"]);
});
