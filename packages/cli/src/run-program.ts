import { exitCodes } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

/** Carries out a command line and sets the exit code. */
export async function runProgram(args: readonly string[]): Promise<void> {
  // `slicebook config a.yaml | head` closes the pipe early: that is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = reportFailure(error, args);
  }
}
