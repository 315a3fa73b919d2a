import { shellQuote } from "@slicebook/base";

/** How this program was called: `slicebook`, or `npx slicebook` from a repository that has it. */
export function programName(): string {
  return process.env.npm_command === "exec" ? "npx slicebook" : "slicebook";
}

/** The command line that was typed, with `flags` added where it has not got them, ready to be copied. */
export function resumeCommand(flags: readonly string[]): string {
  const args = process.argv.slice(2);
  const words = [...args, ...flags.filter((flag) => !args.includes(flag))];
  return [programName(), ...words.map(shellQuote)].join(" ");
}
