import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const program = fileURLToPath(new URL("../bin/slicebook.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  /** The signal that ended it; null if it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface StartOptions {
  readonly cwd: string;
  /** Beside the tests' own environment; what is undefined is taken out of it. */
  readonly env?: NodeJS.ProcessEnv;
  /** A command that starts the command, such as a tracer. */
  readonly under?: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  /** What it has written to standard error so far. */
  stderr(): string;
  readonly outcome: Promise<Outcome>;
}

/** Starts the real command, as a user's shell would. */
export function start(args: readonly string[], options: StartOptions): Running {
  const { cwd, env = {}, under = [] } = options;
  // What npm says about how the tests were started is not what the user typed.
  const { npm_command: _, SLICEBOOK_DEBUG: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const [command, ...rest] = [...under, process.execPath, program, ...args] as [string, ...string[]];
  const child = spawn(command, rest, {
    cwd,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  const outcome = once(child, "close").then(([code, signal]): Outcome => ({ code, signal, ...written }));
  return { child, stderr: () => written.stderr, outcome };
}

/** Runs the real command to its end. */
export async function slicebook(args: readonly string[], options: StartOptions): Promise<Outcome> {
  return start(args, options).outcome;
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slicebook-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file under a folder, by its path from there, in order. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}
