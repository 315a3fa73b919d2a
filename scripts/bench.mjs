// The benchmark command: set-up with its messages on stderr, so that stdout is the benchmark's own, then the benchmark.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = (path) => fileURLToPath(new URL(path, import.meta.url));

const setup = spawnSync(process.execPath, [script("setup.mjs")], { stdio: ["ignore", 2, 2] });
if (setup.status !== 0) process.exit(setup.status ?? 1);

const main = script("../benchmarks/dist/main.js");
const bench = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(bench.status ?? 1);
