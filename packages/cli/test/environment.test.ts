import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { printable } from "../src/printable.ts";
import { type Outcome, slicebook, start, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const cwd = temporaryFolder();

/** Expects a mistake that is told in a few lines with a remedy, and is not called a bug. */
function expectMistake({ code, stdout, stderr }: Outcome, found: RegExp): void {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^error: /);
  expect(stderr).toMatch(/\n {2}→ \S/);
  expect(stderr).toMatch(found);
  expect(stderr.length).toBeLessThan(10_000);
  expect(stderr).not.toMatch(/internal error|call stack|circular structure/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
}

describe("where a run cannot be", () => {
  const places: [what: string, root: string, found: RegExp][] = [
    ["a file", "tiny.yaml", /tiny\.yaml/],
    ["below a file", "tiny.yaml/runs", /tiny\.yaml/],
    ["a device", "/dev/null", /\/dev\/null/],
    ["a name with a null character", '"a\\0b"', /run\.root: holds a null character/],
    ["a name that is too long", "x".repeat(300), /ENAMETOOLONG[\s\S]*shorter names/],
    ...(process.platform === "linux"
      ? ([["a file system that takes no folders", "/proc/runs", /\/proc\/runs/]] as [
          string,
          string,
          RegExp,
        ][])
      : []),
  ];
  test.each(places)("%s", async (_, root, found) => {
    await writeTiny(cwd);
    expectMistake(await slicebook(["train", "tiny.yaml", `run.root=${root}`, "--quiet"], { cwd }), found);
  });

  test("a folder whose lock is a folder", async () => {
    await writeTiny(cwd);
    await mkdir(join(cwd, "runs", "tiny", ".lock"), { recursive: true });
    expectMistake(await slicebook(["train", "tiny.yaml", "--quiet"], { cwd }), /\.lock is not a lock file/);
  });

  test.skipIf(process.platform === "win32").each([24, 64])("where %i files can be open", async (files) => {
    await writeTiny(cwd);
    const under = ["sh", "-c", `ulimit -n ${files}; exec "$0" "$@"`];
    const { outcome } = start(["train", "tiny.yaml", "run.root=few", "--quiet"], { cwd, under });
    expectMistake(await outcome, /ulimit -n/);
  });
});

describe("a configuration that is", () => {
  const keys = Array.from({ length: 5000 }, (_, at) => `key${at}: 1`).join("\n");
  test.each<[string, string, RegExp]>([
    ["full of unknown keys", keys, /and 49\d\d more/],
    ["one endless key", `${"k".repeat(100_000)}: 1`, /implicit block mapping key/],
    ["one endless value", `train: { epochs: ${"v".repeat(100_000)} }`, /epochs/],
    ["full of mistakes", "a: [\n".repeat(5000), /and \d+ more/],
    ["nested deeply", `${"[".repeat(100_000)}`, /more than 50 deep/],
    ["nested deeply in blocks", "- ".repeat(50_000), /more than 50 deep/],
    ["part of itself", "train: &t { prior: *t }", /:1: the alias \*t/],
    [
      "a laugh",
      "a: &a [1]\n".concat(
        ..."bcdefghi"
          .split("")
          .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[at]}`).join(", ")}]\n`),
      ),
      /alias/,
    ],
    ["full of escapes", 'run: { "\\e[31mname": 1 }\n"\\e]0;title\\a": 1', /unknown key/],
  ])("%s", async (_, text, found) => {
    await writeFile(join(cwd, "bad.yaml"), text);
    expectMistake(await slicebook(["run", "bad.yaml", "--quiet"], { cwd }), found);
  });

  test("overridden without end", async () => {
    await writeTiny(cwd);
    for (const override of [`train.epochs=${"9x".repeat(50_000)}`, `${"k.".repeat(50_000)}k=1`])
      expectMistake(await slicebook(["run", "tiny.yaml", override, "--quiet"], { cwd }), /argument /);
  });
});

test("an argument that is none is told of in part", async () => {
  await writeTiny(cwd);
  const { code, stderr } = await slicebook(["run", "tiny.yaml", "x".repeat(100_000)], { cwd });
  expect(code).toBe(2);
  expect(stderr.length).toBeLessThan(10_000);
});

test("names with escapes are written out, wherever they come from", async () => {
  const name = "a\u001b[2Jb\u0007\u009bc";
  await mkdir(join(cwd, name, `run${name}`), { recursive: true });
  await writeFile(join(cwd, name, `run${name}`, "run.json"), "{");
  for (const args of [
    ["list", name],
    ["list", `no${name}`],
    ["sample", name],
    ["inspect", name],
    ["run", name],
    ["run", `--${name}`],
  ]) {
    const { stdout, stderr } = await slicebook(args, { cwd });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(stdout + stderr, args.join(" ")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(stderr, args.join(" ")).toContain("a\\x1b[2Jb\\x07\\x9bc");
  }
});

test("text is printable for what it is: letters, lines, tabs and emoji stay", () => {
  expect(printable("Größe\t→ 3×4\n😀 é")).toBe("Größe\t→ 3×4\n😀 é");
  expect(printable("\u202egnp.exe\r\u0000")).toBe("\\u202egnp.exe\\x0d\\x00");
});
