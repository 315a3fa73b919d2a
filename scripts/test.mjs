// The test command: set-up, then lint, types, import directions, unit and end-to-end tests, and one summary line.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { checkImports } from "./check-imports.mjs";
import { root, run, setup } from "./setup.mjs";

/** The packages whose tests take longest: they start first, so that none is left running alone. */
const LONGEST = [
  "cli",
  "pipeline",
  "viewer",
  "session",
  "prior-pixelcnn",
  "testing",
  "core",
  "report",
  "datasets",
].map((name) => `packages/${name}`);
/** Tasks side by side. */
const LANES = 2;

setup();

const faults = checkImports(root);
for (const fault of faults) console.log(`import direction: ${fault}`);

const folders = [...readdirSync(`${root}/packages`).map((name) => `packages/${name}`), "benchmarks"];
for (const folder of folders) rmSync(`${root}/${folder}/.reports`, { recursive: true, force: true });
const shown = { stdio: "inherit" };
const untidy = run(
  "npx",
  ["biome", "check", "scripts", "examples", "vitest.shared.ts", "package.json", "nx.json"],
  shown,
);
const first = LONGEST.filter((folder) => folders.includes(folder));
const tests = [...first, ...folders.filter((folder) => !first.includes(folder))].map((folder) => {
  const { name: project } = JSON.parse(readFileSync(`${root}/${folder}/package.json`, "utf8"));
  return ["run", `${project}:test`];
});
const tasks = [...tests, ["run-many", "-t", "lint", "typecheck", "--parallel=1", "--nxBail=false"]];
let status = 0;

async function lane() {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) status += await nx(task);
}

/** Has Nx carry out a task, and prints what it says in one piece. */
async function nx(args) {
  const program = `${root}/node_modules/nx/dist/bin/nx.js`;
  const child = spawn(process.execPath, [program, ...args, "--output-style=static"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => said.push(bytes));
  const [code] = await once(child, "close");
  process.stdout.write(Buffer.concat(said));
  return code ?? 1;
}

await Promise.all(Array.from({ length: LANES }, lane));

// Nx replays the reports of cached tests, so the sum is over every package each time.
let passed = 0;
let failed = faults.length;
for (const folder of folders) {
  const report = `${root}/${folder}/.reports/vitest.json`;
  if (!existsSync(report)) continue;
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
  passed += numPassedTests;
  failed += Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0);
}
if (untidy + status !== 0 && failed === 0) failed = 1;
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
