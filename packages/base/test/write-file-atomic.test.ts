import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openFileAtomic, removeTemporaries, writeFileAtomic } from "../src/node.ts";

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

it("leaves an old file whole when it is killed in the middle, and what it leaves can be removed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-"));
  const path = join(folder, "deep", "file.bin");
  await writeFileAtomic(path, "old");
  const code = `
    import { writeFileAtomic } from "@slicebook/base/node";
    process.stdout.write("ready");
    await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(2 ** 28));`;
  const writer = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(writer.stdout, "data");
  while ((await readdir(join(folder, "deep"))).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 1));
  writer.kill("SIGKILL");
  await once(writer, "exit");
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(join(folder, "deep"))).toHaveLength(2);
  await removeTemporaries(folder);
  expect(await readdir(join(folder, "deep"))).toEqual(["file.bin"]);
});
