import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import type {} from "../../testing/test/shared-folder.ts";
import { type Outcome, start } from "./command.ts";
import { writeTiny } from "./runs.ts";

/** A whole run of the tiny configuration by the built command, as a user starts it. */
export interface WholeRun {
  /** Where the command was typed: `tiny.yaml`, `runs/tiny` and nothing else, unless the command left it. */
  readonly cwd: string;
  /** The user's home, empty before. */
  readonly home: string;
  /** The sockets that were opened; undefined where system calls cannot be traced. */
  readonly sockets: string | undefined;
  readonly outcome: Outcome;
}

/** The one run that all files of tests share: they change copies of it. */
export async function wholeRun(): Promise<WholeRun> {
  const folder = join(inject("sharedFolder"), "whole");
  const known = join(folder, "whole.json");
  if (!existsSync(known)) await writeFile(known, JSON.stringify(await makeRun(folder)));
  return JSON.parse(await readFile(known, "utf8"));
}

/** Copies `tiny.yaml` and `runs/tiny` into a folder. */
export async function copyWholeRun(folder: string): Promise<void> {
  const { cwd, outcome } = await wholeRun();
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  await cp(cwd, folder, { recursive: true });
}

async function makeRun(folder: string): Promise<WholeRun> {
  const [cwd, home, trace] = ["cwd", "home", "trace.txt"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [cwd, home]) await mkdir(made, { recursive: true });
  await writeTiny(cwd);
  // A user's environment: the tests' own keeps ONNX Runtime quiet, and so does a build server's.
  const env = {
    HOME: home,
    USERPROFILE: home,
    LOCALAPPDATA: home,
    XDG_CACHE_HOME: join(home, "cache"),
    ORT_DISABLE_TELEMETRY: undefined,
    CI: undefined,
    GITHUB_ACTIONS: undefined,
    TF_BUILD: undefined,
  };
  const traced = canTrace();
  const under = traced ? [...strace, "-qq", "-e", "signal=none", "-e", "trace=socket", "-o", trace] : [];
  const outcome = await start(["run", "tiny.yaml"], { cwd, env, under }).outcome;
  return { cwd, home, sockets: traced ? await readFile(trace, "utf8") : undefined, outcome };
}

/** Stops at nothing but the system calls that are asked for. */
const strace: readonly string[] = ["strace", "-f", "--seccomp-bpf"];

/** Whether system calls can be traced here. */
function canTrace(): boolean {
  try {
    const [command, ...options] = strace;
    execFileSync(command!, [...options, "-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
