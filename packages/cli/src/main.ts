import { exitCodes } from "./exit-codes.ts";
import { manyFiles } from "./many-files.ts";
import { version } from "./version.ts";

const args = process.argv.slice(2);

// `slicebook config a.yaml | head` closes the pipe early: that is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

// The version is asked for by scripts, often: it needs none of the rest.
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${version()}\n`);
} else {
  const program = await import("./run-program.ts").catch((error: NodeJS.ErrnoException) => {
    // The limit may be reached before there is anything that tells of failures.
    if (error.code !== "EMFILE" && error.code !== "ENFILE") throw error;
    process.stderr.write(`error: ${error.message}\n  → ${manyFiles}\n`);
    process.exitCode = exitCodes.mistake;
  });
  await program?.runProgram(args);
}
