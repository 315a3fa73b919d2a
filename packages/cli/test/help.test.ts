import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { slicebook, start, temporaryFolder } from "./command.ts";

const cwd = temporaryFolder();
const commands = [
  "init",
  "run",
  "train",
  "encode",
  "evaluate",
  "train-prior",
  "sample",
  "reconstruct",
  "compress",
  "decompress",
  "export",
  "list",
  "compare",
  "report",
  "inspect",
  "phantom",
  "config",
  "doctor",
  "completion",
];

test("help opens with examples, and names every command and exit code", async () => {
  const { code, stdout, stderr } = await start(["--help"], { cwd }).outcome;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n").slice(0, 2)).toEqual(["Examples:", "  slicebook run configs/phantom.yaml"]);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  for (const exitCode of [0, 1, 2, 70, 130, 143])
    expect(stdout).toMatch(new RegExp(`^  ${exitCode} +\\w`, "m"));
});

test.each(commands)("the help of %s opens with an example of it", async (command) => {
  const { code, stdout } = await slicebook([command, "--help"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Examples:\n  slicebook ${command}`));
});

test("the version is the package's", async () => {
  expect(await start(["--version"], { cwd }).outcome).toEqual({
    code: 0,
    signal: null,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
});

test.each([
  [["trian", "a.yaml"], "Did you mean train?"],
  [["sample", "runs/a", "--cuont", "3"], "Did you mean --count?"],
  [["compress", "a.png"], "required option '--model <run>' not specified"],
  [["decompress", "--model", "runs/a"], "missing required argument 'files'"],
  [["export", "runs/a", "--site", "s", "--half"], "--half"],
  [["run"], "missing required argument 'config'"],
  [["config"], "missing required argument 'config'"],
  [["run", "a.yaml", "train.epochs"], "train.epochs=20"],
  [["phantom", "--layout", "oassis", "--out", "a"], "hipmri, oasis, adni"],
  [["phantom", "--layout", "oasis", "--out", "a", "--subjects", "8"], "8,2,2"],
])("a wrong command line %j is a usage error that says what is meant", async (args, hint) => {
  const { code, stdout, stderr } = await slicebook(args, { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(hint);
});

test("a program that asks for JSON is told of a wrong command line in JSON", async () => {
  const { code, stdout } = await slicebook(["run", "--json"], { cwd });
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: "USAGE", message: "missing required argument 'config'" },
  });
});
