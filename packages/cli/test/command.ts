import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, vi } from "vitest";
import { runProgram } from "../src/run-program.ts";

const program = fileURLToPath(new URL("../bin/slicebook.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  /** The signal that ended it; null if it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// What npm says about how the tests were started is not what the user typed.
for (const name of ["npm_command", "SLICEBOOK_DEBUG", "FORCE_COLOR"]) delete process.env[name];

interface Options {
  readonly cwd: string;
}

interface StartOptions extends Options {
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

/** Starts the built command in a process of its own, as a user's shell would. */
export function start(args: readonly string[], options: StartOptions): Running {
  const { cwd, env = {}, under = [] } = options;
  const [command, ...rest] = [...under, process.execPath, program, ...args] as [string, ...string[]];
  const child = spawn(command, rest, {
    cwd,
    env: { ...process.env, ...env },
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

/**
 * Carries a command line out in this process, where all is loaded once, its work in the built package's thread as ever.
 *
 * What is about the process itself (signals, its limits, what it opens) needs {@link start}.
 */
export async function slicebook(args: readonly string[], { cwd }: Options): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const note = (name: keyof typeof written) => (text: unknown) => {
    written[name] += String(text);
    return true;
  };
  const before = { cwd: process.cwd(), argv: process.argv };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(note("stdout")),
    vi.spyOn(process.stderr, "write").mockImplementation(note("stderr")),
    vi.spyOn(console, "log").mockImplementation(note("stdout")),
    vi.spyOn(console, "warn").mockImplementation(note("stderr")),
    vi.spyOn(console, "error").mockImplementation(note("stderr")),
  ];
  try {
    process.chdir(cwd);
    process.argv = [process.execPath, program, ...args];
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), signal: null, ...written };
  } finally {
    process.exitCode = undefined;
    process.argv = before.argv;
    process.chdir(before.cwd);
    for (const spy of spies) spy.mockRestore();
  }
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
