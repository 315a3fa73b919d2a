import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "@slicebook/base";
import { execute } from "@slicebook/pipeline";
import {
  FUZZ_KINDS,
  type FuzzInput,
  type FuzzKind,
  type FuzzReply,
  type FuzzWorkerOptions,
} from "./kinds.ts";

/** An input takes no longer, and no more memory, than this. */
const MOST_SECONDS = 5;
const MOST_BYTES = 2 ** 30;
/** The share of the inputs of each kind; those that restore slices take the longest. */
const SHARES: Readonly<Record<FuzzKind, number>> = { picture: 0.55, config: 0.37, run: 0.06, slbk: 0.02 };

export interface FuzzOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Inputs at most; as many as the minutes allow unless given. */
  readonly inputs: number | undefined;
  /** The one input to try again: `picture/123`. */
  readonly only: string | undefined;
  readonly onProgress: (message: string) => void;
}

export type FuzzFault = "crash" | "hang" | "memory" | "internal error";

export interface FuzzFailure extends FuzzInput {
  readonly fault: FuzzFault;
  readonly why: string;
  /** What tries it again. */
  readonly replay: string;
}

export interface FuzzResult {
  readonly seed: number;
  readonly seconds: number;
  readonly counts: Readonly<Record<FuzzKind, { read: number; refused: number }>>;
  readonly failures: readonly FuzzFailure[];
}

/**
 * Reads damaged files through the code that reads them in a run, many to a process, and counts what must not happen:
 * crashes, hangs, too much memory, and errors that are not the user's.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, minutes, inputs: most = Number.POSITIVE_INFINITY, only, onProgress } = options;
  const root = await mkdtemp(join(tmpdir(), "slicebook-fuzz-"));
  try {
    onProgress("training the run to damage …");
    const baseRun = await makeRun(root);
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    const counts = Object.fromEntries(FUZZ_KINDS.map((kind) => [kind, { read: 0, refused: 0 }])) as Record<
      FuzzKind,
      { read: number; refused: number }
    >;
    const failures: FuzzFailure[] = [];
    const reader = createReader({ ...baseRun, seed, folder: join(root, "worker") });
    try {
      let done = 0;
      let shown = 0;
      for (const input of only === undefined ? inputsOf(seed) : [inputNamed(only)]) {
        if (done >= most || (done > 0 && seconds() > 60 * minutes)) break;
        let result = await reader.read(input);
        // A machine that is busy with other things makes anything slow: what hangs does so again by itself.
        if (result.fault === "hang") result = await reader.read(input);
        if (result.fault === undefined) counts[input.kind][result.outcome] += 1;
        else {
          const { fault, why } = result;
          const replay = `npm run -s bench -- fuzz --seed ${seed} --only ${input.kind}/${input.number}`;
          failures.push({ ...input, fault, why, replay });
          onProgress(`${fault} at ${input.kind}/${input.number}: ${why.split("\n")[0]}\n  ${replay}`);
        }
        done += 1;
        if (seconds() - shown > 10) {
          shown = seconds();
          onProgress(`${done} inputs in ${Math.round(shown)} s, ${failures.length} failures`);
        }
      }
    } finally {
      reader.end();
    }
    return { seed, seconds: seconds(), counts, failures };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

export function formatFuzz({ seed, seconds, counts, failures }: FuzzResult): string {
  const rows = FUZZ_KINDS.map((kind) => {
    const { read, refused } = counts[kind];
    const failed = failures.filter((failure) => failure.kind === kind).length;
    return `| ${kind} | ${read + refused + failed} | ${read} | ${refused} | ${failed} |`;
  });
  const all = FUZZ_KINDS.reduce(
    (sum, kind) => sum + counts[kind].read + counts[kind].refused,
    failures.length,
  );
  return [
    "| input | tried | read | refused | failed |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Seed ${seed}: ${all} inputs in ${Math.round(seconds)} s, ${failures.length} failures.`,
    ...failures.map(
      ({ kind, number, fault, why, replay }) => `\n${fault}, ${kind}/${number}: ${why}\n  ${replay}`,
    ),
  ].join("\n");
}

/** Trains a small model for seconds on phantoms, and compresses a slice with it. */
async function makeRun(root: string): Promise<Pick<FuzzWorkerOptions, "run" | "slbk">> {
  const config = join(root, "tiny.yaml");
  await writeFile(
    config,
    `dataset:
  adapter: phantom
  size: [32, 32]
  options: { subjects: { train: 3, validate: 1, test: 3 }, slices: 4 }
model: { preset: patch, width: 16, residualBlocks: 1, residualWidth: 8, codes: 32, codeDimension: 8, warmupSteps: 2 }
train: { epochs: 1, batch: 4 }
prior: { epochs: 1, augment: { copies: 0 } }
run: { root: ${JSON.stringify(join(root, "runs"))}, name: tiny }
`,
  );
  const run = join(root, "runs", "tiny");
  await execute({
    kind: "run",
    config,
    overrides: [],
    stages: ["train", "evaluate", "encode"],
    resume: false,
  });
  const slices = join(root, "slices");
  await execute({
    kind: "phantom",
    layout: "oasis",
    out: slices,
    seed: 0,
    subjects: { train: 1, validate: 1, test: 1 },
    slicesPerSubject: 1,
    size: [32, 32],
  });
  return { run, slbk: await compressFirst(run, slices, root) };
}

async function compressFirst(run: string, slices: string, root: string): Promise<string> {
  const files = await readdir(slices, { recursive: true });
  const slice = files.find((file) => file.endsWith(".png"))!;
  const out = join(root, "compressed");
  await execute({ kind: "compress", run, files: [join(slices, slice)], out, force: false });
  return join(out, (await readdir(out))[0]!);
}

/** Inputs without end, each kind by its share. */
function* inputsOf(seed: number): Generator<FuzzInput> {
  const draw = random(seed, "fuzz-kinds");
  const numbers: Record<FuzzKind, number> = { picture: 0, config: 0, run: 0, slbk: 0 };
  for (;;) {
    const at = draw.uniform();
    const kind = FUZZ_KINDS.find((_, index) => at < shareUpTo(index)) ?? "picture";
    yield { kind, number: numbers[kind]++ };
  }
}

/** The share of the kinds up to one, by its index. */
function shareUpTo(index: number): number {
  return FUZZ_KINDS.slice(0, index + 1).reduce((sum, kind) => sum + SHARES[kind], 0);
}

function inputNamed(name: string): FuzzInput {
  const [, text, number] = /^(\w+)\/(\d+)$/.exec(name) ?? [];
  const kind = FUZZ_KINDS.find((known) => known === text);
  if (kind === undefined) throw new RangeError(`expected an input such as picture/123, found "${name}"`);
  return { kind, number: Number(number) };
}

type ReadResult =
  | { readonly fault: undefined; readonly outcome: "read" | "refused" }
  | { readonly fault: FuzzFault; readonly why: string };

/** A process that reads inputs, started anew whenever one has ended it. */
function createReader(options: FuzzWorkerOptions): {
  read(input: FuzzInput): Promise<ReadResult>;
  end(): void;
} {
  let running: { child: ChildProcess; stderr: () => string } | undefined;
  let started = 0;

  async function process(): Promise<{ child: ChildProcess; stderr: () => string }> {
    if (running !== undefined) return running;
    const folder = join(options.folder, String(started++));
    const file = fileURLToPath(new URL("./worker.js", import.meta.url));
    const child = fork(file, [JSON.stringify({ ...options, folder })], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    const [ready] = await Promise.race([once(child, "message"), once(child, "exit")]);
    if (ready !== "ready") throw new Error(`the process that reads inputs does not start: ${stderr}`);
    running = { child, stderr: () => stderr };
    return running;
  }

  function end(): void {
    running?.child.kill("SIGKILL");
    running = undefined;
  }

  return {
    end,
    async read(input) {
      const { child, stderr } = await process();
      const answer = await new Promise<FuzzReply | "hang" | "crash">((resolve) => {
        const timer = setTimeout(() => settle("hang"), 1000 * MOST_SECONDS);
        const replied = (reply: FuzzReply) => settle(reply);
        const ended = () => settle("crash");
        function settle(outcome: FuzzReply | "hang" | "crash"): void {
          clearTimeout(timer);
          child.off("message", replied);
          child.off("exit", ended);
          resolve(outcome);
        }
        child.on("message", replied);
        child.on("exit", ended);
        child.send(input);
      });
      if (answer === "hang" || answer === "crash") {
        const why = answer === "hang" ? `no answer in ${MOST_SECONDS} s` : stderr().trim() || "it ended";
        end();
        return { fault: answer, why };
      }
      if (answer.memory > MOST_BYTES) {
        end();
        return { fault: "memory", why: `${(answer.memory / 2 ** 30).toFixed(2)} GiB` };
      }
      if (answer.outcome === "internal") return { fault: "internal error", why: answer.why ?? "" };
      return { fault: undefined, outcome: answer.outcome };
    },
  };
}
