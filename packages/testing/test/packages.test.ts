import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../src/index.ts";

const run = promisify(execFile);
/** Names of the packages, known before they are packed so that there is a test for each. */
const libraries = [
  "base",
  "tfjs-onnx",
  "engine",
  "core",
  "datasets",
  "prior-pixelcnn",
  "prior-transformer",
  "runs",
  "report",
  "config",
  "model",
  "measure",
  "session",
  "pipeline",
];

const published = [...libraries, "cli"];
/** What the command needs besides: a page and its server, which its own tests run. */
const installed = [...published, "viewer"];
const root = fileURLToPath(new URL("../../..", import.meta.url));

let folder: string;
let project: string;

/** An empty project outside the workspace, with every package in it as npm installs it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slicebook-packages-"));
  project = join(folder, "project");
  await mkdir(join(project, "examples"), { recursive: true });
  const pack = join(root, "scripts", "pack.mjs");
  await run(process.execPath, [pack, join(folder, "tarballs"), ...installed]);
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", [...install, "@types/node@20", ...installed.map(tarballOf)], {
    cwd: project,
    shell: process.platform === "win32",
  });
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function tarballOf(name: string): string {
  return join(folder, "tarballs", name === "cli" ? "slicebook.tgz" : `slicebook-${name}.tgz`);
}

/** The block of TypeScript that a README marks as the example to be run. */
async function exampleOf(name: string): Promise<string> {
  const readme = await readFile(join(root, "packages", name, "README.md"), "utf8");
  const [, example] = /<!-- example -->\s*```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  if (example === undefined)
    throw new Error(`packages/${name}/README.md has no block after <!-- example -->`);
  return example;
}

describe("as others install them", () => {
  it("are all tested here", async () => {
    const names = await readdir(join(root, "packages"));
    const manifests = names.map((name) => join(root, "packages", name, "package.json"));
    const isPublic = async (path: string) => JSON.parse(await readFile(path, "utf8")).private !== true;
    const shared = await Promise.all(manifests.map(isPublic));
    const all = names.filter((_, index) => shared[index]);
    expect([...installed].sort()).toEqual(expect.arrayContaining(all));
  });

  it.each(published)("%s is packed as publint would have it", async (name) => {
    const data = await readFile(tarballOf(name));
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(data).buffer } });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it.each(libraries)("the types of %s are those of its code, however they are resolved", async (name) => {
    const data = await readFile(tarballOf(name));
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(data)));
    if (result.types === false) throw new Error(`${name} has no types`);
    // The packages are ES modules only, which old resolution and `require` in TypeScript cannot know.
    const problems = result.problems.filter(
      (problem) =>
        problem.kind !== "CJSResolvesToESM" &&
        !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
    );
    expect(problems).toEqual([]);
  });

  it("the examples of their READMEs are of the right types, and run", async () => {
    for (const name of libraries) {
      await writeFile(join(project, "examples", `${name}.ts`), await exampleOf(name));
    }
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      strict: true,
      skipLibCheck: true,
      types: ["node"],
      rootDir: "examples",
      outDir: "out",
    };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["examples"] }),
    );
    const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
    const tsc = join(typescript, "..", "bin", "tsc");
    const types = await run(process.execPath, [tsc, "-p", project]).catch(
      (error: { stdout: string }) => error,
    );
    expect(types.stdout).toBe("");
    for (const name of libraries) {
      const { stdout } = await run(process.execPath, [join("out", `${name}.js`)], { cwd: project });
      expect(stdout, name).not.toBe(name === "tfjs-onnx" ? undefined : "");
    }
  }, 600_000);

  it("the example of a prior passes the contract's test", async () => {
    const example = join(root, "examples", "plug-ins");
    for (const name of ["histogram-prior.js", "contract.test.js"]) {
      await copyFile(join(example, name), join(project, name));
    }
    await run(process.execPath, ["--test", "contract.test.js"], { cwd: project });
  });

  it("the command answers", async () => {
    const { stdout } = await run(process.execPath, [
      join(project, "node_modules", "slicebook", "bin", "slicebook.js"),
      "--help",
    ]);
    expect(stdout).toContain("slicebook run configs/phantom.yaml");
  });
});

it("the model and the prior are bundled for a browser, and compute there what they do in Node", async () => {
  const entry = join(project, "in-a-page.js");
  await writeFile(
    entry,
    `import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { random } from "@slicebook/base";
import { vqvae, vqvaeSchema } from "@slicebook/core";
import { pixelcnn, pixelcnnSchema } from "@slicebook/prior-pixelcnn";

export async function compute() {
  await tf.setBackend("cpu");
  const config = vqvaeSchema.parse({ preset: "patch", width: 8, residualWidth: 4, residualBlocks: 1, codes: 16 });
  const tensors = (record) =>
    Object.fromEntries(Object.entries(record).map(([name, { data, shape, dtype }]) => [name, tf.tensor(data, shape, dtype)]));
  const model = vqvae.bind(config, [32, 32]);
  const weights = tensors(model.parameters(model.initialCarry(3), { average: true }));
  const image = tf.tensor(random(3, "image").normals(32 * 32), [1, 32, 32, 1]);
  const { images } = model.reconstruct(weights, image);
  const prior = pixelcnnSchema.parse({ layers: 2, hidden: 8, headWidth: 8 });
  return { pixels: Array.from(await images.data()), prior: [pixelcnn.name, prior.layers] };
}
`,
  );
  await build({
    root: project,
    configFile: false,
    logLevel: "error",
    build: {
      outDir: "bundle",
      lib: { entry, formats: ["iife"], name: "page", fileName: () => "page.js" },
    },
  });
  const script = await readFile(join(project, "bundle", "page.js"), "utf8");
  expect(script).not.toMatch(/__vite-browser-external|\brequire\(["']node:/);
  const { stdout } = await run(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      'const { compute } = await import("./in-a-page.js"); console.log(JSON.stringify(await compute()));',
    ],
    { cwd: project },
  );
  const inNode = JSON.parse(stdout.trim().split("\n").at(-1)!) as { pixels: number[]; prior: unknown[] };

  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent("<title>a page</title>");
    await page.addScriptTag({ content: script });
    const inPage = (await page.evaluate("page.compute()")) as typeof inNode;
    expect(inPage.prior).toEqual(inNode.prior);
    expect(inPage.pixels).toHaveLength(32 * 32);
    const furthest = Math.max(
      ...inPage.pixels.map((value, index) => Math.abs(value - inNode.pixels[index]!)),
    );
    expect(furthest).toBeLessThan(1e-5);
  } finally {
    await browser.close();
  }
});
