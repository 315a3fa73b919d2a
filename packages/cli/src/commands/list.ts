import { listRuns } from "@slicebook/runs";
import { fittedTable, formatDuration } from "../format.ts";
import { programName } from "../invocation.ts";
import { paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { figure, ssimWithInterval } from "../run-figures.ts";

/** Prints the runs in a folder, the newest first. */
export async function printList(root: string, { json }: { readonly json?: boolean }): Promise<void> {
  const { runs, damaged } = await listRuns(root);
  if (json) {
    process.stdout.write(`${JSON.stringify({ runs, damaged })}\n`);
    return;
  }
  for (const { folder, reason } of damaged) {
    process.stderr.write(
      `${paint("yellow", "warning:", process.stderr)} ${printable(`${folder}: ${reason}`)}\n`,
    );
  }
  if (runs.length === 0) {
    process.stdout.write(`No runs in ${printable(root)}. Start one: ${programName()} run CONFIG\n`);
    return;
  }
  const head = [
    "run",
    "state",
    "data",
    "size",
    "SSIM (95 % interval)",
    "perplexity",
    "bits/code",
    "training",
    "started",
  ];
  const rows = runs.map((run) => [
    run.name,
    run.state === "incomplete" ? `after ${run.stages.at(-1) ?? "nothing"}` : run.state,
    run.data.adapter,
    run.data.size.join("×"),
    ssimWithInterval(run),
    figure(run, "perplexity"),
    figure(run, "bitsPerCode"),
    formatDuration(run.seconds),
    `${run.created.slice(0, 10)} ${run.created.slice(11, 16)}`,
  ]);
  const leaveOut = ["perplexity", "size", "training", "bits/code", "data", "started", "state"];
  process.stdout.write(`${printable(fittedTable([head, ...rows], { stream: process.stdout, leaveOut }))}\n`);
}
