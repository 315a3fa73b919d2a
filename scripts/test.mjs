// The test command: set-up, then lint, types, import directions, unit and end-to-end tests, and one summary line.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { checkImports } from "./check-imports.mjs";
import { root, setup } from "./setup.mjs";

/** Packages whose tests take a third of the time of all, one after the other, and others that take as long. */
const THIRDS = [
  ["pipeline", "core", "engine", "prior-transformer"],
  ["viewer", "testing", "tfjs-onnx"],
].map((names) => names.map((name) => `packages/${name}`));

setup();

const faults = checkImports(root);
for (const fault of faults) console.log(`import direction: ${fault}`);

const folders = [...readdirSync(`${root}/packages`).map((name) => `packages/${name}`), "benchmarks"];
for (const folder of folders) rmSync(`${root}/${folder}/.reports`, { recursive: true, force: true });
const projectOf = (folder) => JSON.parse(readFileSync(`${root}/${folder}/package.json`, "utf8")).name;
const others = folders.filter((folder) => !THIRDS.flat().includes(folder));

/** Has Nx carry out targets of some projects, or of all, and prints what each of them says in one piece. */
async function nx(targets, projects = []) {
  const program = `${root}/node_modules/nx/dist/bin/nx.js`;
  const only = projects.length === 0 ? [] : ["-p", ...projects.map(projectOf)];
  // All is built by now.
  const options = ["--parallel=1", "--nxBail=false", "--output-style=static", "--excludeTaskDependencies"];
  const child = spawn(process.execPath, [program, "run-many", "-t", ...targets, ...only, ...options], {
    cwd: root,
    stdio: "inherit",
  });
  const [code] = await once(child, "close");
  return code ?? 1;
}

// Three tasks side by side keep two cores busy: tests wait for disks, browsers and other processes, too.
const statuses = await Promise.all([
  ...THIRDS.map((third) => nx(["test"], third)),
  nx(["test"], others).then(async (status) => status + (await nx(["lint", "typecheck"]))),
]);
const status = statuses.reduce((sum, one) => sum + one);

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
if (status !== 0 && failed === 0) failed = 1;
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
