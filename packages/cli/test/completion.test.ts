import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { slicebook, temporaryFolder } from "./command.ts";

const cwd = temporaryFolder();

/** What bash offers after these words, the last of them being typed. */
function offered(script: string, words: readonly string[]): string[] {
  const array = words.map((word) => `'${word}'`).join(" ");
  const run = `${script}\nCOMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _slicebook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["--norc", "-c", run], { cwd, encoding: "utf8" }).trim().split("\n");
}

test("bash completes commands, their options, and dotted keys", async () => {
  const { stdout: script } = await slicebook(["completion", "bash"], { cwd });
  expect(offered(script, ["slicebook", "tr"])).toEqual(["train", "train-prior"]);
  expect(offered(script, ["slicebook", "sample", "runs/a", "--t"])).toEqual([
    "--temperature",
    "--top-k",
    "--top-p",
  ]);
  expect(offered(script, ["slicebook", "run", "a.yaml", "train.ep"])).toEqual(["train.epochs="]);
  expect(offered(script, ["slicebook", "list", "train.ep"])).toEqual([""]);
});

test.each(["zsh", "fish"])("%s gets every command with its description", async (shell) => {
  const { code, stdout } = await slicebook(["completion", shell], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("train the VQ-VAE only");
  expect(stdout).toContain("optimizer.learningRate");
});
