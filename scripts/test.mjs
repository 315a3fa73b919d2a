// The test command: set-up, then lint, types, import directions, unit and end-to-end tests, and one summary line.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { checkImports } from "./check-imports.mjs";
import { root, run, setup } from "./setup.mjs";

setup();

const faults = checkImports(root);
for (const fault of faults) console.log(`import direction: ${fault}`);

const packages = readdirSync(`${root}/packages`).map((name) => `${root}/packages/${name}`);
for (const folder of packages) rmSync(`${folder}/.reports`, { recursive: true, force: true });
const shown = { stdio: "inherit" };
const untidy = run(
  "npx",
  ["biome", "check", "scripts", "examples", "vitest.shared.ts", "package.json", "nx.json"],
  shown,
);
const targets = [
  "-t",
  "lint",
  "typecheck",
  "test",
  "--parallel=2",
  "--output-style=static",
  "--nxBail=false",
];
const status = run("npx", ["nx", "run-many", ...targets], shown);

// Nx replays the reports of cached tests, so the sum is over every package each time.
let passed = 0;
let failed = faults.length;
for (const folder of packages) {
  const report = `${folder}/.reports/vitest.json`;
  if (!existsSync(report)) continue;
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
  passed += numPassedTests;
  failed += Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0);
}
if (untidy + status !== 0 && failed === 0) failed = 1;
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
