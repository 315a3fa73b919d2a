import { type ErrorCode, isSlicebookError } from "@slicebook/base";
import { CommanderError } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./interruption.ts";
import { manyFiles } from "./many-files.ts";
import { paint } from "./paint.ts";
import { printable, printableMessage } from "./printable.ts";

/** A failure as programs read it (`--json`). */
interface FailureReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string;
}

/** Errors of the operating system that are about the user's machine rather than about this program. */
const environmentRemedies: Readonly<Record<string, string>> = {
  EACCES: "Give yourself permission to read and write there, or choose another folder.",
  EPERM: "Give yourself permission to read and write there, or choose another folder.",
  EROFS: "That file system is read-only: choose another folder, for example run.root=DIR.",
  ENOSPC: "The disk is full: make room, or choose another folder, for example run.root=DIR.",
  EDQUOT: "Your disk quota is used up: make room, or choose another folder, for example run.root=DIR.",
  EMFILE: manyFiles,
  ENFILE: manyFiles,
  ENAMETOOLONG: "Choose shorter names: run.name and run.root for a run, --out for what is written elsewhere.",
  ENOTDIR: "A file is where a folder is needed: choose another folder, for example run.root=DIR.",
  EEXIST:
    "Something else is where a file or a folder must go: choose another place, for example run.root=DIR.",
  EISDIR: "A folder is where a file is needed: name the file, or move the folder away.",
  ENOENT:
    "Something was moved or deleted meanwhile, or cannot be made there: check that path, or choose another folder.",
  ELOOP: "Links there lead in a circle: name the file or the folder itself.",
  EIO: "The disk or the network drive failed: check it, or choose another folder, for example run.root=DIR.",
  ESTALE: "The network drive has changed: connect it again, or choose another folder.",
  EFBIG: "The file system cannot hold a file this large: choose another folder, for example run.root=DIR.",
};

/** Errors of the system that Node writes in words of its own. */
const inWords: readonly (readonly [RegExp, string])[] = [
  [/without null bytes/, "Take the null character out of the path."],
  // Node says that a package is not there where it can open no more files to look.
  [/^Cannot find (?:package|module) '.*node_modules/, `If Slicebook is installed whole: ${manyFiles}`],
];

/**
 * Tells the user what went wrong, on standard error, and returns the exit code.
 *
 * A mistake of the user's is one message and what to do, without a stack; a bug says so and how to see the stack.
 * With `--json` among the arguments, standard output gets one line `{"error": {"code", "message", "remedy"}}`.
 */
export function reportFailure(error: unknown, args: readonly string[]): number {
  const json = args.includes("--json");
  if (error instanceof CommanderError) return reportUsage(error, json);
  if (error instanceof Interruption) {
    if (json) printJson({ code: "INTERRUPTED", message: error.message, remedy: error.remedy });
    else process.stderr.write(printable(`${error.message}\n  → ${error.remedy}\n`));
    return exitCodes[error.signal];
  }
  const debug = args.includes("--debug") || Boolean(process.env.SLICEBOOK_DEBUG);
  const failure = describe(error);
  const bug = failure.code === "INTERNAL";
  if (json) printJson(failure);
  else {
    const head = paint("red", bug ? "internal error:" : "error:", process.stderr);
    const remedy = failure.remedy === undefined ? "" : `  → ${failure.remedy}\n`;
    process.stderr.write(`${head} ${printableMessage(failure.message).trimEnd()}\n${printable(remedy)}`);
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return bug ? exitCodes.internal : exitCodes.mistake;
}

function describe(error: unknown): FailureReport {
  if (isSlicebookError(error)) {
    const { code, message, remedy } = error;
    return remedy === undefined ? { code, message } : { code, message, remedy };
  }
  if (!(error instanceof Error)) return { code: "INTERNAL", message: String(error), remedy: bugRemedy };
  // Node's errors of the system begin with their code: `ENOSPC: no space left on device, write`.
  const remedy =
    environmentRemedies[/^[A-Z]\w+(?=: )/.exec(error.message)?.[0] ?? ""] ??
    inWords.find(([pattern]) => pattern.test(error.message))?.[1];
  if (remedy !== undefined) return { code: "ENVIRONMENT", message: error.message, remedy };
  return { code: "INTERNAL", message: error.message, remedy: bugRemedy };
}

const bugRemedy =
  "This is a bug in Slicebook. Please report it in its issue tracker with the command, the configuration and what " +
  "`slicebook doctor --json` prints; run it again with --debug to see where it happened.";

/** Commander has already written its message; help and version end here as well, with 0. */
function reportUsage(error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return exitCodes.ok;
  if (json) printJson({ code: "USAGE", message: error.message.replace(/^error: /, "") });
  return exitCodes.usage;
}

function printJson(failure: FailureReport): void {
  process.stdout.write(`${JSON.stringify({ error: failure })}\n`);
}
