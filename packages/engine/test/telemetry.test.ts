import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "slicebook-telemetry-"));
const cache = join(folder, "cache");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

/** Uses the package by itself, as a program of somebody else's does. */
const program = `
import { add } from ${JSON.stringify(import.meta.resolve("@tensorflow/tfjs-core"))};
import { createEngine } from ${JSON.stringify(import.meta.resolve("../dist/index.js"))};
const engine = await createEngine({ kind: "onnx", threads: 1 });
const twice = await engine.compile((x) => add(x, x), [{ shape: [2], dtype: "float32" }]);
const { data } = await twice.run({ shape: [2], dtype: "float32", data: Float32Array.of(1, 2) });
await twice.dispose();
await engine.dispose();
console.log(data.join());`;

/** Runs a module without what the tests' own environment says, and returns what it printed. */
function node(text: string, env: NodeJS.ProcessEnv = {}): string {
  const { ORT_DISABLE_TELEMETRY: _, CI: __, GITHUB_ACTIONS: ___, TF_BUILD: ____, ...inherited } = process.env;
  const file = join(folder, "program.mjs");
  writeFileSync(file, text);
  const places = { HOME: folder, USERPROFILE: folder, LOCALAPPDATA: cache, XDG_CACHE_HOME: cache };
  return execFileSync(process.execPath, [file], {
    env: { ...inherited, ...places, ...env },
    encoding: "utf8",
  });
}

const inThread = (options: string) => {
  const source = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  return `import { SHARE_ENV, Worker } from "node:worker_threads";
    const worker = new Worker(new URL(${JSON.stringify(source)}), ${options});
    worker.on("error", ({ message }) => console.log(message));`;
};

/** Where ONNX Runtime keeps an id of the device and its events. */
const kept = () => readdirSync(folder).filter((name) => name !== "program.mjs");

it.each([undefined, "0"])("turns ONNX Runtime's telemetry off where the environment says %s", (value) => {
  expect(node(program, { ORT_DISABLE_TELEMETRY: value })).toBe("2,4\n");
  expect(kept()).toEqual([]);
});

it("turns it off from a thread that shares the environment", () => {
  expect(node(inThread("{ env: SHARE_ENV }"))).toBe("2,4\n");
  expect(kept()).toEqual([]);
});

it("does not start in a thread from which it cannot be turned off", () => {
  expect(node(inThread("{}"))).toMatch(/telemetry cannot be turned off from this worker thread/);
  expect(kept()).toEqual([]);
});

it("starts in any thread where it is off already", () => {
  expect(node(inThread("{}"), { ORT_DISABLE_TELEMETRY: "1" })).toBe("2,4\n");
  expect(kept()).toEqual([]);
});
