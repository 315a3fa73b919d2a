import { doctor } from "@slicebook/pipeline";
import { exitCodes } from "../exit-codes.ts";
import { paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** Prints what works here; the exit code is 1 if something that a run needs does not. */
export async function printDoctor({ json }: { readonly json?: boolean }): Promise<void> {
  const report = await doctor();
  if (!report.ok) process.exitCode = exitCodes.mistake;
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const width = Math.max(...report.checks.map((check) => check.name.length));
  for (const { name, ok, needed, found, remedy } of report.checks) {
    const mark = ok
      ? paint("green", "✔", process.stdout)
      : paint(needed ? "red" : "yellow", needed ? "✘" : "–", process.stdout);
    process.stdout.write(`${mark} ${name.padEnd(width)}  ${printable(found)}\n`);
    if (remedy !== undefined) process.stdout.write(`  ${" ".repeat(width)}  → ${remedy}\n`);
  }
  const verdict = report.ok
    ? "Everything that a run needs works."
    : "Something that a run needs does not work here.";
  process.stdout.write(`\n${verdict}\n`);
}
