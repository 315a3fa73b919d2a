import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const example = join(root, "examples", "trace-your-own");

it("trains a model of its own in a project of its own, which installs the packed packages", () => {
  const folder = mkdtempSync(join(tmpdir(), "trace-your-own-"));
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  try {
    cpSync(example, folder, {
      recursive: true,
      filter: (path) => !/(?:node_modules|packed|package-lock\.json|moons\.onnx)$/.test(path),
    });
    const pack = join(root, "scripts", "pack.mjs");
    run(process.execPath, pack, join(folder, "packed"), "base", "tfjs-onnx", "engine");
    run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error");
    const output = run("npm", "start", "--silent");
    expect(Number(/accuracy ([\d.]+)/.exec(output)?.[1])).toBeGreaterThan(0.95);
    expect(statSync(join(folder, "moons.onnx")).size).toBeGreaterThan(100);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);
