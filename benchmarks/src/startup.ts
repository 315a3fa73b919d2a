import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./median.ts";

/** Milliseconds that a command takes from its start to its end, and those of `node` doing nothing. */
export interface StartupResult {
  readonly help: number;
  readonly version: number;
  readonly node: number;
  readonly runs: number;
}

/** Measures how soon the command answers: medians of processes started in turn. */
export function benchmarkStartup({ runs }: { readonly runs: number }): StartupResult {
  const command = fileURLToPath(new URL("../../packages/cli/bin/slicebook.js", import.meta.url));
  const commands = { help: [command, "--help"], version: [command, "--version"], node: ["-e", "0"] };
  const times: Record<keyof typeof commands, number[]> = { help: [], version: [], node: [] };
  for (let run = 0; run <= runs; run++) {
    for (const name of ["help", "version", "node"] as const) {
      const start = performance.now();
      const { status } = spawnSync(process.execPath, commands[name], { stdio: "ignore" });
      if (status !== 0) throw new Error(`${commands[name].join(" ")} ended with ${status}`);
      // The first round only warms the disk's cache.
      if (run > 0) times[name].push(performance.now() - start);
    }
  }
  return { help: median(times.help), version: median(times.version), node: median(times.node), runs };
}

export function formatStartup({ help, version, node, runs }: StartupResult): string {
  const line = (name: string, value: number) => `${name.padEnd(22)}${value.toFixed(0).padStart(6)} ms`;
  return [
    line("slicebook --help", help),
    line("slicebook --version", version),
    line("node, doing nothing", node),
    `medians of ${runs} runs in turn`,
  ].join("\n");
}
