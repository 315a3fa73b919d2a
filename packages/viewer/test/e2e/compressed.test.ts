import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execute } from "@slicebook/pipeline";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse, stringify } from "yaml";
import { exportSite, type ServedViewer, serveViewer } from "../../src/index.ts";
import { copyRuns, temporaryFolder } from "../runs.ts";
import { launch, openPage, serveFolder, violations, type Watched } from "./page.ts";

let root: string;
let runs: string;
let viewer: ServedViewer;
let browser: Browser;
/** Phantoms of the size of the run "small", as PNGs, and one as NIfTI. */
let pictures: string[];
let nifti: string;

const SLICES = 3;

beforeAll(async () => {
  root = await temporaryFolder();
  runs = join(root, "runs");
  await copyRuns(inject("madeRuns"), runs, ["small", "levels"]);
  // The same run, had it brought slices to size.
  await cp(join(runs, "small"), join(runs, "fitting"), { recursive: true });
  const config = join(runs, "fitting", "config.yaml");
  const written = parse(await readFile(config, "utf8"));
  written.dataset.sizePolicy = "resize";
  await writeFile(config, stringify(written));
  viewer = await serveViewer(runs, { port: 0 });
  browser = await launch();
  const subjects = { train: 1, validate: 1, test: 1 };
  const [oasis, hipmri] = [join(root, "oasis"), join(root, "hipmri")];
  await execute({
    kind: "phantom",
    layout: "oasis",
    out: oasis,
    seed: 3,
    subjects,
    slicesPerSubject: SLICES,
  });
  await execute({ kind: "phantom", layout: "hipmri", out: hipmri, seed: 3, subjects, slicesPerSubject: 1 });
  const phantoms = join(oasis, "keras_png_slices_train");
  const slices = join(root, "slices");
  await mkdir(slices);
  pictures = [];
  for (const name of (await readdir(phantoms)).sort()) {
    const path = join(slices, name.replace(".nii", ""));
    await sharp(join(phantoms, name)).resize(64, 64).toColourspace("b-w").png().toFile(path);
    pictures.push(path);
  }
  nifti = join(hipmri, "keras_slices_train", "case_004_week_0_slice_0.nii.gz");
});
afterAll(async () => {
  await browser?.close();
  await viewer?.close();
  await rm(root, { recursive: true });
});

interface CompressedOptions {
  readonly files?: readonly string[];
  readonly coding?: "tables";
  readonly archive?: boolean;
}

/** Compresses slices with a run, and restores them in Node: the files, and the grey pictures of what is restored. */
async function compressed(
  run: string,
  name: string,
  { files = pictures, coding, archive = false }: CompressedOptions,
): Promise<{ readonly paths: string[]; readonly restored: string }> {
  const [out, restored] = [join(root, name), join(root, `${name}-restored`)];
  const model = join(runs, run);
  await execute({
    kind: "compress",
    run: model,
    files,
    out,
    force: false,
    ...(coding && { coding }),
    ...(archive && { archive: join(out, "all.slbk") }),
  });
  const paths = (await readdir(out)).sort().map((file) => join(out, file));
  await execute({ kind: "decompress", run: model, files: paths, out: restored, force: false });
  return { paths, restored };
}

async function openBench(url: string): Promise<Watched> {
  const watched = await openPage(browser, url);
  await watched.page.getByText("WebAssembly with SIMD").waitFor({ timeout: 60_000 });
  await watched.page.getByText("Restore compressed slices").click();
  return watched;
}

const input = (page: Page) => page.locator("section[aria-label='Your compressed file'] input");

/** The files that the page saves for the slices that it shows, by name. */
async function saved(page: Page): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const link of await page.getByRole("link", { name: /^Save as PNG: / }).all()) {
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    files.set(download.suggestedFilename(), await readFile(await download.path()));
  }
  return files;
}

const greys = (file: Buffer | string) => sharp(file).toColourspace("b-w").raw().toBuffer();

/** How many greys differ, and by how much at most. */
function difference(found: Buffer, expected: Buffer): { readonly most: number; readonly share: number } {
  expect(found.length).toBe(expected.length);
  const apart = Array.from(found, (grey, pixel) => Math.abs(grey - expected[pixel]!));
  return { most: Math.max(...apart), share: apart.filter((one) => one > 0).length / apart.length };
}

/** How files are compressed, by which run, and which: none is called as the one that a page had before. */
const WAYS: readonly (readonly [name: string, run: string, options: CompressedOptions, which: number[]])[] = [
  ["coded by tables", "small", { coding: "tables" }, [0, 1]],
  ["coded by the prior", "small", {}, [0, 2]],
  ["coded by the prior of several levels", "levels", {}, [0]],
  ["in an archive", "small", { archive: true }, [0, 1]],
];

describe("a compressed file in the page", () => {
  /** A page of each run, which restores one file after the other. */
  const benches = new Map<string, Promise<Watched>>();
  const benchOf = (run: string): Promise<Watched> => {
    const bench = benches.get(run) ?? openBench(`${viewer.url}#/run/${run}/live`);
    benches.set(run, bench);
    return bench;
  };

  it.each(WAYS)("%s gives the pictures that decompress gives", async (name, run, options, which) => {
    const chosen = which.map((index) => pictures[index]!);
    const files = run === "levels" ? [await shrunk(chosen[0]!)] : chosen;
    const { paths, restored } = await compressed(run, name.replaceAll(" ", "-"), { files, ...options });
    const { page, faults } = await benchOf(run);
    for (const path of paths) {
      await input(page).setInputFiles(path);
      await page.locator(".figure .detail").getByText(basename(path), { exact: true }).waitFor();
      await page.getByText(/\d slices? in .* s each/).waitFor({ timeout: 60_000 });
      const found = await saved(page);
      expect(found.size).toBe(options.archive ? 2 : 1);
      for (const [file, png] of found) {
        const { most, share } = difference(await greys(png), await greys(join(restored, file)));
        // Only a value in the middle of two greys, which the two engines round apart.
        expect(most).toBeLessThanOrEqual(1);
        expect(share).toBeLessThan(0.001);
      }
      const bytes = (await readFile(path)).length;
      await page
        .locator(".figure", { hasText: "File" })
        .getByText(`${bytes.toLocaleString("en")} bytes`)
        .waitFor();
    }
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("of a NIfTI slice is shown by its own range, and that it has a place is said", async () => {
    const { paths } = await compressed("fitting", "nifti", { files: [nifti] });
    const { page, faults } = await openBench(`${viewer.url}#/run/fitting/live`);
    await input(page).setInputFiles(paths);
    await page.getByText("restores them in the original units, at their place").waitFor({ timeout: 60_000 });
    await page.getByText(/1 slice in .* s each/).waitFor({ timeout: 60_000 });
    await page.getByText("1 original had another size, and was brought to 64 × 64 px").waitFor();
    const [png] = (await saved(page)).values();
    const values = await greys(png!);
    expect([Math.min(...values), Math.max(...values)]).toEqual([0, 255]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("that is dropped on the page while another thing is looked at is restored, and a scan is looked at", async () => {
    const { paths } = await compressed("small", "dropped", { files: pictures.slice(0, 1) });
    const { page, faults } = await openBench(`${viewer.url}#/run/small/live`);
    await page.getByText("Draw new slices").click();
    await drop(page, paths[0]!);
    await page.getByText(/1 slice in .* s each/).waitFor({ timeout: 60_000 });
    await drop(page, pictures[0]!);
    await page.locator(".panes").waitFor();
    expect(await page.getByText(/1 slice in .* s each/).isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("is restored as far as it goes until it is stopped", async () => {
    const files = Array.from({ length: 40 }, (_, index) => pictures[index % pictures.length]!);
    const out = join(root, "many");
    await execute({
      kind: "compress",
      run: join(runs, "small"),
      files,
      out,
      force: false,
      archive: join(out, "many.slbk"),
    });
    const { page, faults } = await openBench(`${viewer.url}#/run/small/live`);
    await input(page).setInputFiles(join(out, "many.slbk"));
    await page
      .getByText(/Restoring 0 of 40 slices: [1-9]\d* of 10240 codes read|Restoring 1?\d of 40/)
      .waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText(/Stopped: \d+ of 40 slices restored/).waitFor();
    // It can be begun anew.
    await input(page).setInputFiles(join(out, "many.slbk"));
    await page.getByText(/40 slices in .* s each/).waitFor({ timeout: 120_000 });
    expect(await page.locator(".restored img").count()).toBe(40);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("of another model, prior or frequencies, or a damaged one, is refused in words", async () => {
    const [byPrior, byTables] = [
      (await compressed("small", "good", { files: pictures.slice(0, 1) })).paths[0]!,
      (await compressed("small", "good-tables", { files: pictures.slice(0, 1), coding: "tables" })).paths[0]!,
    ];
    const flipped = Buffer.from(await readFile(byPrior));
    flipped[flipped.length - 20]! ^= 4;
    // The same model with other training slices, and another prior for the same codes.
    const other = join(runs, "other");
    await cp(join(runs, "small"), other, { recursive: true });
    await rm(join(other, "codes", "train.safetensors"));
    await cp(join(other, "codes", "test.safetensors"), join(other, "codes", "train.safetensors"));
    await rm(join(other, "prior"), { recursive: true });
    await execute({
      kind: "stages",
      run: other,
      overrides: ["prior.steps=1"],
      stages: ["train-prior"],
      resume: false,
    });
    const given = async (run: string, file: string | Buffer, words: RegExp) => {
      const { page, faults } = await benchOf(run);
      const name = "given.slbk";
      const buffer = typeof file === "string" ? await readFile(file) : file;
      await input(page).setInputFiles({ name, mimeType: "", buffer });
      await page.getByRole("alert").getByText(words).waitFor({ timeout: 60_000 });
      expect(faults).toEqual([]);
    };
    await given(
      "small",
      flipped,
      /given\.slbk: this is not a slice that Slicebook compressed: it is damaged or cut off/,
    );
    await given(
      "small",
      Buffer.from("no slice"),
      /given\.slbk: .*it begins with "no s", not with "SLBK" or "SLBA"/,
    );
    await given(
      "levels",
      byPrior,
      /compressed with the model [0-9a-f]{8}, and that of the run shown is [0-9a-f]{8}\. Open the run/,
    );
    await given(
      "other",
      byPrior,
      /compressed with the prior [0-9a-f]{8}, and the run shown has [0-9a-f]{8}\. Open the run/,
    );
    await given(
      "other",
      byTables,
      /the code frequencies [0-9a-f]{8}, and those of its training slices are [0-9a-f]{8}\. Open/,
    );
  });

  it("is restored in an exported site, which holds the code frequencies", async () => {
    const { paths } = await compressed("small", "for-site", {
      files: pictures.slice(0, 1),
      coding: "tables",
    });
    const out = join(root, "site");
    await exportSite({ run: join(runs, "small"), out });
    const site = await serveFolder(out);
    const { page, faults } = await openBench(`${site.url}#/run/small/live`);
    await input(page).setInputFiles(paths);
    await page.getByText(/1 slice in .* s each/).waitFor({ timeout: 60_000 });
    expect(faults).toEqual([]);
    await page.close();
    site.close();
  });
});

/** Drops a file on the page, as a reader does. */
async function drop(page: Page, path: string): Promise<void> {
  const base64 = (await readFile(path)).toString("base64");
  await page.evaluate(`{
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob("${base64}"), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], "${basename(path)}"));
    dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
  }`);
}

/** A slice at the size of the run "levels". */
async function shrunk(path: string): Promise<string> {
  const small = join(root, "shrunk.png");
  await sharp(path).resize(32, 16).toColourspace("b-w").png().toFile(small);
  return small;
}
