// Makes a fresh clone ready with Node and npm alone: installs the locked packages with the pinned pnpm, then builds.
// Everything it says goes to stderr, so that a command that prints JSON can run it first.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    ...options,
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Installs what the lock file names, unless it is installed already. */
function install() {
  const stamp = `${root}/node_modules/.slicebook-lock`;
  const lock = createHash("sha256")
    .update(readFileSync(`${root}/pnpm-lock.yaml`))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("Setting up: installing packages (once) …");
  const status = run(
    "npx",
    ["--yes", manifest.packageManager, "install", "--frozen-lockfile", "--reporter=append-only"],
    {
      env: { ...process.env, npm_config_loglevel: "error" },
    },
  );
  if (status !== 0) {
    console.error(
      "error: the packages could not be installed\n  → Check the network and `npm config get registry`, then try again.",
    );
    process.exit(status);
  }
  writeFileSync(stamp, lock);
}

export function setup() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `error: Node ${process.versions.node} is too old, Slicebook needs ${manifest.engines.node}\n  → Install a newer Node.`,
    );
    process.exit(1);
  }
  install();
  // The page of the viewer is made of the built packages.
  const build = [
    `${root}/node_modules/nx/dist/bin/nx.js`,
    "run",
    "@slicebook/viewer:page",
    "--output-style=static",
  ];
  const status = run(process.execPath, build, { stdio: ["ignore", "ignore", 2] });
  if (status !== 0) {
    run(process.execPath, build);
    console.error("error: the build failed\n  → See the messages above.");
    process.exit(status);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
