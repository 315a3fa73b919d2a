import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readRegularFile, readRegularFileStart } from "../src/node.ts";

const folder = mkdtempSync(join(tmpdir(), "slicebook-regular-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const unix = process.platform !== "win32";

it("reads a file whole, its start, and through links", () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
  writeFileSync(at("file"), bytes);
  symlinkSync(at("file"), at("link"));
  for (const name of ["file", "link"]) {
    expect(readRegularFile(at(name), { most: 70_000 }).equals(bytes)).toBe(true);
    expect(readRegularFileStart(at(name), 5)).toEqual(bytes.subarray(0, 5));
  }
  expect(() => readRegularFile(at("file"), { most: 69_999 })).toThrow("it has 70000 bytes, of at most 69999");
  expect(readRegularFileStart(at("file"), 80_000)).toHaveLength(70_000);
  writeFileSync(at("empty"), "");
  expect(readRegularFile(at("empty"), { most: 1 })).toHaveLength(0);
});

it("says of a missing file what the file system says", () => {
  expect(() => readRegularFile(at("missing"), { most: 1 })).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
});

it.runIf(process.platform === "linux")(
  "reads the system's files, which say that they are empty, up to a bound",
  () => {
    expect(readRegularFile("/proc/self/status", { most: 2 ** 20 }).toString()).toContain("Pid:");
    expect(() => readRegularFile("/proc/self/status", { most: 10 })).toThrow("of at most 10");
  },
);

it.runIf(unix)("refuses what is not a file, and waits for nobody", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync(at("pipe"), at("to-pipe"));
  symlinkSync("/dev/zero", at("to-device"));
  mkdirSync(at("folder"));
  const server = createServer().listen(at("socket"));
  await new Promise((done) => server.once("listening", done));
  for (const [name, kind] of [
    ["pipe", "a pipe"],
    ["to-pipe", "a pipe"],
    ["to-device", "a device"],
    ["folder", "a folder"],
    ["socket", "a socket"],
  ] as const) {
    expect(() => readRegularFile(at(name), { most: 9 }), name).toThrow(`it is ${kind}, not a file`);
    expect(() => readRegularFileStart(at(name), 9), name).toThrow(`it is ${kind}, not a file`);
  }
  server.close();
});
