import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "@slicebook/config";
import { drawPhantom, encodeNifti } from "@slicebook/datasets";
import { execute } from "@slicebook/pipeline";
import { launchBrowser } from "@slicebook/testing";
import { serveViewer } from "@slicebook/viewer";
import { median } from "./median.ts";
import { type MeasuredInPage, measureInPage } from "./viewer-page.ts";

export interface ViewerOptions {
  readonly engines: readonly PageEngine[];
  /** Slices reconstructed after the first; the median counts. */
  readonly slices: number;
  readonly threads: number;
  readonly onProgress: (message: string) => void;
}

export const PAGE_ENGINES = ["wasm", "webgpu"] as const;
type PageEngine = (typeof PAGE_ENGINES)[number];

interface EngineFigures {
  readonly engine: PageEngine;
  /** What it is, in the page's words. */
  readonly description: string;
  /** Seconds from opening the model to the first slice decoded. */
  readonly first: number;
  /** Milliseconds to encode, decode and measure a slice after that. */
  readonly slice: number;
  /** Seconds a slice, of sixteen that are drawn side by side; null: not measured. */
  readonly sample: number | null;
}

export interface ViewerResult {
  readonly benchmark: "viewer";
  readonly size: string;
  readonly engines: readonly EngineFigures[];
  readonly browser: string;
  readonly processor: string;
}

const SIZE = [256, 256] as const;
/** As many as the sampler draws side by side. */
const SAMPLES = 16;

/**
 * Slices of 256×256 through a model with the default sizes, and new ones from its prior, in the viewer's page.
 *
 * WebGPU is on SwiftShader, a graphics card in software: drawing there, which would take the better part of an hour, is
 * left out.
 */
export async function benchmarkViewer(options: ViewerOptions): Promise<ViewerResult> {
  const { onProgress } = options;
  const folder = await mkdtemp(join(tmpdir(), "slicebook-bench-"));
  try {
    onProgress("training a demo model on phantoms for a few steps");
    const runs = await trainDemo(folder, options.threads);
    const viewer = await serveViewer(runs, { port: 0 });
    const browser = await launchBrowser({ webgpu: true, env: { LANG: "en_GB.UTF-8" } });
    try {
      const engines: EngineFigures[] = [];
      for (const engine of options.engines) {
        onProgress(`${engine}: the model, live`);
        const page = await browser.newPage();
        await page.goto(viewer.url);
        const task = await pageTask(runs, viewer.url, engine, options.slices);
        engines.push(figuresOf(engine, await page.evaluate(measureInPage, task)));
        await page.close();
      }
      return {
        benchmark: "viewer",
        size: SIZE.join("x"),
        engines,
        browser: `Chromium ${browser.version()}`,
        processor: cpus()[0]?.model ?? "unknown",
      };
    } finally {
      await browser.close();
      await viewer.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run named `demo`, hardly trained: its speed is that of any other with these sizes. */
async function trainDemo(folder: string, threads: number): Promise<string> {
  const runs = join(folder, "runs");
  const config = join(folder, "demo.yaml");
  // JSON is YAML.
  const text = JSON.stringify({
    dataset: {
      adapter: "phantom",
      size: SIZE,
      options: { subjects: { train: 2, validate: 1, test: 1 }, slices: 4 },
    },
    train: { steps: 4, batch: 2 },
    prior: { steps: 2, batch: 2 },
    engine: { threads },
  });
  await writeFile(config, text);
  const overrides = [`run.root=${JSON.stringify(runs)}`];
  const stages = ["train", "encode", "train-prior"] as const;
  await execute({ kind: "run", config, overrides, stages, resume: false });
  return runs;
}

async function pageTask(runs: string, url: string, engine: PageEngine, slices: number) {
  const files = (path: string) => new URL(`files/demo/${path}`, url).href;
  const page = fileURLToPath(new URL("page/assets", import.meta.resolve("@slicebook/viewer")));
  const worker = (await readdir(page)).find((name) => /^model-worker.*\.js$/.test(name));
  if (worker === undefined) throw new Error(`${page} has no worker: build the viewer`);
  const { values } = drawPhantom({
    anatomy: "head",
    seed: 1,
    subject: "someone",
    slice: 0,
    position: 0.5,
    size: SIZE,
  });
  const slice = encodeNifti(values, { shape: [...SIZE], type: "float32" });
  return {
    worker: `./assets/${worker}`,
    open: {
      engine,
      wasmPath: new URL("wasm/", url).href,
      config: await loadConfig(join(runs, "demo", "config.yaml"), []),
      urls: {
        model: files("checkpoints/best.safetensors"),
        preprocessing: files("checkpoints/preprocessing.safetensors"),
        prior: files("prior/checkpoints/best.safetensors"),
        codes: files("codes/test.safetensors"),
        grain: files("codes/grain.json"),
      },
    },
    slice: Buffer.from(slice).toString("base64"),
    slices,
    samples: engine === "webgpu" ? 0 : SAMPLES,
  };
}

function figuresOf(
  engine: PageEngine,
  { description, first, slices, sampling }: MeasuredInPage,
): EngineFigures {
  return {
    engine,
    description,
    first: rounded(first / 1000),
    slice: Math.round(median(slices)),
    sample: sampling === null ? null : rounded(sampling / 1000 / SAMPLES),
  };
}

export function formatViewer({ engines, size, browser, processor }: ViewerResult): string {
  return [
    `| engine | first ${size} slice, s | each slice, ms | drawing a slice, s |`,
    "| --- | ---: | ---: | ---: |",
    ...engines.map(
      ({ description, first, slice, sample }) =>
        `| ${description} | ${first} | ${slice} | ${sample ?? "–"} |`,
    ),
    "",
    `${browser}, ${processor}`,
  ].join("\n");
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
