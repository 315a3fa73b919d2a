import { version } from "./version.ts";

const args = process.argv.slice(2);

// The version is asked for by scripts, often: it needs none of the rest.
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${version()}\n`);
} else {
  const { runProgram } = await import("./run-program.ts");
  await runProgram(args);
}
