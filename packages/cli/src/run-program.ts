import { reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

/** Carries out a command line and sets the exit code. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = reportFailure(error, args);
  }
}
