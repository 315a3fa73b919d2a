import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type HostTensor, type HostTensors, int32, specsOf } from "@slicebook/base";
import { decodeSafetensors, scoreOf, toUnitRange, vqvae, vqvaeSchema } from "@slicebook/core";
import { drawPhantom, encodeNifti, greysOf, preprocessingOf } from "@slicebook/datasets";
import { decodePicture } from "@slicebook/datasets/node";
import { createEngine } from "@slicebook/engine";
import { execute } from "@slicebook/pipeline";
import { pixelcnn } from "@slicebook/prior-pixelcnn";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { exportSite, type ServedViewer, serveViewer } from "../../src/index.ts";
import { short } from "../../src/page/format.ts";
import type {
  CallName,
  Calls,
  Encoded,
  Grids,
  OpenedModel,
  Sampled,
  SampledPictures,
  SampleRequest,
} from "../../src/page/worker/protocol.ts";
import { pageFolder } from "../../src/server/page-folder.ts";
import { copyRuns, temporaryFolder } from "../runs.ts";
import { launch, openPage, serveFolder, violations, type Watched } from "./page.ts";

/** What is asked of a picture in the page. */
interface Loadable {
  readonly naturalWidth: number;
}

/** A canvas in the page. */
interface PictureCanvas {
  getContext(kind: "2d"): {
    getImageData(x: number, y: number, w: number, h: number): { readonly data: Uint8ClampedArray };
  };
}

let root: string;
let runs: string;
let base: string;
let viewer: ServedViewer;
let browser: Browser;

beforeAll(async () => {
  root = await temporaryFolder();
  runs = join(root, "runs");
  await copyRuns(inject("madeRuns"), runs, ["full", "levels", "pair", "small"]);
  viewer = await serveViewer(runs, { port: 0 });
  base = viewer.url;
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await viewer?.close();
  await rm(root, { recursive: true });
});

const at = (hash: string) => `${base}${hash}`;

describe("the runs", () => {
  it("are listed, filtered, sorted and compared", async () => {
    const { page, faults } = await openPage(browser, at("#/"));
    const rows = page.locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(4);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("sma");
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("");
    const names = () => page.locator("tbody th a").allTextContents();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect.poll(names).toEqual(["full", "levels", "pair", "small"]);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect.poll(names).toEqual(["small", "pair", "levels", "full"]);
    await page.getByRole("checkbox", { name: "Compare small" }).check();
    await page.getByRole("checkbox", { name: "Compare full" }).check();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Compare 2 runs" }).click();
    await page.getByRole("heading", { name: "Settings that differ" }).waitFor();
    await page.getByText("dataset.size").waitFor();
    await expect.poll(() => page.locator(".uplot").count()).toBeGreaterThan(3);
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("have winners only where the figures compare", async () => {
    const twin = join(runs, "twin");
    const other = join(runs, "other");
    for (const copy of [twin, other]) await cp(join(runs, "small"), copy, { recursive: true });
    // biome-ignore lint/suspicious/noExplicitAny: JSON of the run's own
    const change = async (path: string, alter: (file: any) => void) => {
      const file = JSON.parse(await readFile(path, "utf8"));
      alter(file);
      await writeFile(path, JSON.stringify(file));
    };
    // Better in SSIM, and of more codes: bits per code are then of other codes.
    await change(join(twin, "evaluation.json"), ({ ssim }) => {
      ssim.mean = 0.999;
    });
    await change(join(twin, "prior", "evaluation.json"), ({ test }) => {
      test.bitsPerCode = 0.001;
    });
    await change(join(twin, "run.json"), ({ model }) => {
      model.codes = 64;
      model.codebooks = [64];
    });
    await change(join(other, "evaluation.json"), ({ subjects }) => {
      subjects[0].subject = "another";
    });
    const { page, faults } = await openPage(browser, at("#/compare/small/twin"));
    const row = (name: string) => page.getByRole("row", { name });
    await row("SSIM, 95 %").waitFor();
    const best = () => page.locator("td.best").evaluateAll((cells) => cells.map((cell) => cell.textContent));
    expect(await best()).toEqual(["0.9990 (best)"]);
    expect(await page.getByText("can be compared").count()).toBe(0);
    for (const path of ["#/compare/small/other", "#/compare/small/twin/other"]) {
      await page.goto(at(path));
      await page.getByText("other was not tested on the slices that small was").waitFor();
      expect(await best()).toEqual([]);
    }
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
    for (const copy of [twin, other]) await rm(copy, { recursive: true });
  });

  it("appear, and their curves grow, while they train", async () => {
    const { page, faults } = await openPage(browser, at("#/"));
    await page.locator(".pulse.live").waitFor();
    const young = join(runs, "young");
    await mkdir(young);
    for (const file of ["run.json", "config.yaml"]) await cp(join(runs, "small", file), join(young, file));
    const lines = (await readFile(join(runs, "small", "metrics.jsonl"), "utf8")).trim().split("\n");
    const loss = (line: string) => short(JSON.parse(line).train.loss);
    await writeFile(join(young, "metrics.jsonl"), `${lines[0]}\n`);
    await page.getByRole("link", { name: "young" }).click();
    const told = page.locator(".chart .hidden").first();
    await expect
      .poll(() => told.textContent())
      .toContain(`goes from ${loss(lines[0]!)} to ${loss(lines[0]!)}`);
    await writeFile(join(young, "metrics.jsonl"), `${lines.join("\n")}\n`);
    await expect
      .poll(() => told.textContent(), { timeout: 30_000 })
      .toContain(`goes from ${loss(lines[0]!)} to ${loss(lines.at(-1)!)}`);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe("a run", () => {
  it("shows curves, figures, subjects and settings", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small"));
    await page.locator(".uplot").first().waitFor();
    await page.getByText("Log", { exact: true }).click();
    await page.getByText("Epochs", { exact: true }).click();
    await page
      .locator(".u-over")
      .first()
      .hover({ position: { x: 80, y: 60 } });
    await expect.poll(() => page.locator(".u-value").first().textContent()).not.toBe("–");
    await page.getByRole("button", { name: "PSNR (dB)" }).click();
    const subjects = page.getByRole("region", { name: "Figures per subject" }).locator("tbody tr");
    await expect.poll(() => subjects.count()).toBe(3);
    // The model, the mean, PCA, JPEG, WebP and AVIF.
    const coded = page.getByRole("region", { name: "Baselines" }).locator("tbody tr");
    await expect.poll(() => coded.count()).toBe(6);
    expect(await coded.first().textContent()).toMatch(/^This model0\.\d{4}0\.\d{4}/);
    await expect
      .poll(() => page.getByRole("region", { name: "Worst slices" }).locator("tbody tr").count())
      .toBe(4);
    expect(await page.getByText("codeDimension").count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows reconstructions between original and error, and the film of the training", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/reconstructions"), { dark: true });
    const slider = page.getByRole("slider", { name: "Original, reconstruction, error" });
    await slider.focus();
    await page.keyboard.press("End");
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("Error");
    await page.getByRole("button", { name: "Original" }).click();
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("Original");
    await page.getByRole("group", { name: "Slices" }).getByRole("button").nth(1).click();
    const film = page.getByRole("slider", { name: "Picture" });
    await film.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => film.inputValue()).toBe("0");
    await page.getByRole("button", { name: "Play" }).click();
    await expect.poll(() => film.inputValue()).not.toBe("0");
    await page.getByRole("button", { name: "Pause" }).click();
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows slices at equal bytes beside the original, all divided at one place", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/reconstructions"));
    const slider = page.getByRole("slider", { name: "Original up to" });
    await slider.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("0 %");
    const halves = page.locator(".divided");
    expect(await halves.count()).toBe(2);
    const box = (await halves.last().boundingBox())!;
    await page.mouse.move(box.x + 0.9 * box.width, box.y + 0.5 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.25 * box.width, box.y + 0.6 * box.height, { steps: 3 });
    await page.mouse.up();
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("25 %");
    const lines = await page
      .locator(".divider")
      .evaluateAll((all) => all.map((one) => (one as unknown as { style: { left: string } }).style.left));
    expect(lines).toEqual(["25%", "25%"]);
    // The figures are those of the run's file, slice by slice.
    const kept = join(runs, "small", "reconstructions", "test-equal-bytes.json");
    const { slices, ways } = JSON.parse(await readFile(kept, "utf8"));
    const region = page.getByRole("region", { name: "Figures at equal bytes" });
    const thumbs = page.getByRole("group", { name: "Slices at equal bytes" });
    await page.locator(".equal .choice").getByText("WebP").click();
    for (const [index, { name }] of slices.entries()) {
      await thumbs.getByRole("button", { name }).click();
      await page.getByRole("img", { name: `${name}: by WebP` }).waitFor();
      const rows = await region.locator("tbody tr").allTextContents();
      expect(rows).toHaveLength(1 + ways.length);
      for (const [way, { slices }] of ways.entries()) {
        const { bytes, ssim, psnr } = slices[index];
        expect(rows[1 + way]).toContain(`${bytes}${((8 * bytes) / 64 ** 2).toFixed(3)}`);
        expect(rows[1 + way]).toContain(`${ssim.toFixed(4)}${psnr.toFixed(2)}`);
      }
    }
    // What the picture shows is what the file holds.
    const { data } = await sharp(join(runs, "small", "reconstructions", "test-equal-bytes-webp.png"))
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    const shown: number[] = await page
      .getByRole("img", { name: `${slices.at(-1).name}: by WebP` })
      .evaluate((canvas: PictureCanvas) =>
        Array.from(canvas.getContext("2d").getImageData(0, 0, 64, 64).data).filter((_, at) => at % 4 === 0),
      );
    expect(shown).toEqual([...data.subarray((slices.length - 1) * 64 ** 2)]);
    expect(await violations(page)).toEqual([]);
    await page.goto(at("#/run/full/reconstructions"));
    await page.getByText("They come with the evaluation").waitFor();
    expect(await page.getByText("At equal bytes").count()).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows the codes of each level, in the picture of its grid", async () => {
    const { page, faults } = await openPage(browser, at("#/run/levels/codebook"));
    const atlas = page.getByRole("listbox", { name: "Codes, each decoded" });
    await page.locator(".engine").waitFor({ timeout: 60_000 });
    const parts = await page.locator(".bench *").count();
    for (const [level, codes] of [
      ["1 × 2, depth 1", 12],
      ["2 × 4, depth 2", 16],
      ["4 × 8, depth 1", 20],
    ] as const) {
      await page.getByText(level).click();
      // One picture of all, however many: the page does not grow with them.
      const option = atlas.getByRole("option");
      await expect.poll(() => option.getAttribute("aria-setsize")).toBe(String(codes));
      expect(await atlas.locator("canvas").count()).toBe(1);
      await expect.poll(() => greys(page, codes), { timeout: 60_000 }).toBeGreaterThan(1);
      await page.locator(".places canvas").first().waitFor();
    }
    expect(Math.abs((await page.locator(".bench *").count()) - parts)).toBeLessThan(100);
    await page.getByText("over a middle code of each coarser grid").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto(at("#/compare/levels/small"));
    await page.getByRole("heading", { name: "Prior: bits per code, coarsest level" }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows each code, where it occurs, and the samples beside their nearest training slices", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/codebook"));
    await page.locator(".engine").waitFor({ timeout: 60_000 });
    const atlas = page.getByRole("listbox", { name: "Codes, each decoded" });
    const place = () => atlas.getByRole("option").getAttribute("aria-posinset");
    const frame = page.locator(".atlas .frame");
    const [first, box] = [(await frame.boundingBox())!, (await atlas.boundingBox())!];
    // Between the third picture and the fourth there is none.
    const step = first.width + 4;
    await atlas.click({ position: { x: 2.5 * step, y: 10 } });
    expect(await place()).toBe("3");
    expect(((await frame.boundingBox())!.x - box.x) / step).toBeCloseTo(2, 1);
    await atlas.click({ position: { x: 3 * step - 2, y: 10 } });
    expect(await place()).toBe("3");
    const columns = Math.round((box.width + 4) / step);
    for (const [key, to] of [
      ["ArrowRight", 4],
      ["ArrowUp", 4],
      ["ArrowDown", Math.min(4 + columns, 32)],
      ["End", 32],
      ["ArrowRight", 32],
      ["ArrowDown", 32],
      ["Home", 1],
      ["ArrowLeft", 1],
    ] as const) {
      await page.keyboard.press(key);
      expect(await place(), key).toBe(String(to));
    }
    await page
      .getByRole("img", { name: /How often each of 32 codes occurs/ })
      .click({ position: { x: 1, y: 100 } });
    expect(await place()).toBe("1");
    await page.locator(".places canvas").first().waitFor();
    await page.locator(".places .marks path").first().waitFor({ state: "attached" });
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Samples" }).click();
    await page.locator(".samples :is(canvas, img)").nth(7).waitFor();
    await page.getByText("Told from test slices").waitFor();
    await page.getByText("4 samples are too few to say what limits the samples").waitFor();
    await page.getByText("By codes", { exact: true }).click();
    await page
      .getByText(/of the codes differ/)
      .first()
      .waitFor();
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });
});

it("shows the samples' pictures, which are on disk, without waiting for the model", async () => {
  const page = await browser.newPage();
  // The model never comes.
  await page.route("**/checkpoints/**", () => undefined);
  await page.goto(at("#/run/small/samples"));
  const pictures = page.locator(".samples img");
  await expect
    .poll(() => pictures.evaluateAll((all) => all.map((one) => (one as unknown as Loadable).naturalWidth)), {
      timeout: 60_000,
    })
    .toEqual([64, 64, 64, 64]);
  expect(await page.locator(".engine").count()).toBe(0);
  // Those without a picture are decoded.
  await rename(join(runs, "small", "samples", "sample-0002.png"), join(root, "taken.png"));
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  await page
    .getByRole("img", { name: "sample-0002: drawn" })
    .and(page.locator("canvas"))
    .waitFor({ timeout: 60_000 });
  expect(await pictures.count()).toBe(3);
  await rename(join(root, "taken.png"), join(runs, "small", "samples", "sample-0002.png"));
  await page.close();
});

describe("the model, live", () => {
  it("reads a volume, shows what it makes of a slice, and lets one draw in the codes and fill a mask", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/live"));
    await page.getByText("WebAssembly with SIMD").waitFor({ timeout: 60_000 });
    await page.setInputFiles("input[type=file]", { name: "volume.nii", mimeType: "", buffer: volume() });
    await page.locator(".panes").waitFor();
    await page.getByRole("slider", { name: "Slice", exact: true }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("4 of 4").waitFor();
    await page.getByText("1", { exact: true }).first().click();
    await page.getByText("33 of 64").waitFor();
    // Across this axis the slices are narrower than the model's, and training had no rule for them.
    await page.getByText("This slice is 64 × 4 px, and the model takes 64 × 64 px").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Pad it" }).click();
    await page.locator('[aria-busy="false"] .panes').waitFor();
    const figure = (name: string) =>
      page.locator(".figure", { hasText: name }).locator(".value").first().textContent();
    await expect.poll(() => figure("Bits per code")).toMatch(/\d/);
    const before = await figure("SSIM");
    await page.getByText("Paint", { exact: true }).click();
    const grid = page.getByRole("application", { name: "Grid of 16 × 16 codes" });
    await grid.focus();
    for (const key of ["ArrowDown", "ArrowRight", "Shift+ArrowDown", "Shift+ArrowRight"])
      await page.keyboard.press(key);
    await page.getByText(/Row 6, column 6: code \d+/).waitFor();
    await page.keyboard.press("Space");
    await page.getByText("with your changes").waitFor();
    expect(await figure("SSIM")).not.toBe(before);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => figure("SSIM")).toBe(before);
    await page.getByText("Mask", { exact: true }).click();
    const box = (await grid.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.8);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.9, { steps: 4 });
    await page.mouse.up();
    // What the page says, however quickly it says something else.
    await page.evaluate(`{
      globalThis.said = new Set();
      const note = () => {
        const bar = document.querySelector(".drawing progress");
        if (bar === null) return;
        said.add(document.querySelector(".drawing [role=status]").textContent + ", " + bar.value + "/" + bar.max);
      };
      new MutationObserver(note).observe(document.querySelector(".drawing"), {
        attributes: true, characterData: true, childList: true, subtree: true,
      });
    }`);
    await page.getByRole("button", { name: "Fill the mask" }).click();
    await page.getByText("with your changes").waitFor({ timeout: 60_000 });
    // Of the 256 codes only those that are masked count: a few rows, three wide at least.
    const said: string[] = await page.evaluate("[...globalThis.said]");
    const steps = said.map((text) =>
      /^Filling: (\d+) of (\d+) codes, (\d+)\/(\d+)$/.exec(text)!.slice(1).map(Number),
    );
    const all = steps[0]![1]!;
    expect(all).toBeGreaterThanOrEqual(9);
    expect(all).toBeLessThan(64);
    for (const [done, total, value, max] of steps) expect([total, value, max]).toEqual([all, done, all]);
    const counts = steps.map(([done]) => done!);
    expect(counts[0]).toBe(0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.length).toBeGreaterThan(2);
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("draws new slices row by row", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/live"), { width: 360 });
    await page.getByText("Draw new slices").click();
    await page.getByLabel("Seed").last().fill("7");
    await page.getByLabel("Class").last().selectOption("NC");
    await page.getByRole("slider", { name: "Place in the scan" }).fill("0.5");
    await page.getByText("50 %").waitFor();
    // What the page says, however quickly it says something else.
    await page.evaluate(`{
      globalThis.said = new Set();
      const status = document.querySelector("main div:not([hidden]) > .tools [role=status]");
      new MutationObserver(() => globalThis.said.add(status.textContent)).observe(status, {
        characterData: true, childList: true, subtree: true,
      });
    }`);
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText(/4 slices in/).waitFor({ timeout: 60_000 });
    const said: string[] = await page.evaluate("[...globalThis.said]");
    for (const row of [1, 8, 15]) expect(said).toContain(`Drawing: row ${row} of 16`);
    expect(await page.getByText("NC").count()).toBeGreaterThanOrEqual(4);
    // Nothing wider than the narrowest screen.
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows samples coarse first, and draws and fills in every level", async () => {
    const { page, faults } = await openPage(browser, at("#/run/levels"));
    await page.getByText("12 + 12 + 16 + 16 + 20 + 20 codes").waitFor();
    const bits = page.getByRole("region", { name: "Prior: bits per code" });
    await expect
      .poll(() => bits.locator(".hidden").textContent())
      .toMatch(/training, level 1 goes.*training, level 6 goes/);
    await page.getByRole("link", { name: "Live" }).click();
    await page.getByText("Draw new slices").click();
    await page.getByText("0.70 · 0.70 · 0.80 · 0.80 · 0.90 · 0.90").waitFor();
    await page.getByLabel("sex").selectOption("F");
    const [guidance, age] = ["Guidance", "age"].map((name) => page.getByRole("slider", { name }));
    expect(await guidance!.getAttribute("aria-valuetext")).toBe("1.50");
    expect(await age!.getAttribute("aria-valuetext")).toBe("any");
    await age!.press("ArrowRight");
    const youngest = await age!.getAttribute("aria-valuetext");
    expect(Number(youngest)).toBeGreaterThanOrEqual(20);
    await page.evaluate(`{
      globalThis.said = new Set();
      const note = () => {
        for (const seen of document.querySelectorAll(".drawn canvas")) said.add(seen.getAttribute("aria-label"));
        said.add(document.querySelector("main div:not([hidden]) > .tools [role=status]")?.textContent);
      };
      new MutationObserver(note).observe(document.querySelector("main"), {
        attributes: true, characterData: true, childList: true, subtree: true,
      });
    }`);
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText(/4 slices in/).waitFor({ timeout: 60_000 });
    const said: string[] = await page.evaluate("[...globalThis.said]");
    const order = [
      "Drawing: level 1 of 6, row 1 of 1",
      "Sample 1, at 4 × 8 px",
      "Drawing: level 4 of 6, row 2 of 2",
      "Sample 1, at 8 × 16 px",
      "Drawing: level 6 of 6, row 4 of 4",
      "Sample 1",
    ];
    expect(said.filter((text) => order.includes(text))).toEqual(order);
    expect(await page.locator(".drawn").getByText(`age ${youngest}`).count()).toBe(4);
    await page.getByText("Codes", { exact: true }).click();
    await page.getByText("4 × 8, depth 2").last().click();
    await page.locator('.drawn canvas[width="8"][height="4"]').nth(3).waitFor();
    expect(await violations(page)).toEqual([]);

    await page.getByText("Look at a scan").click();
    const slice = await readFile(join(runs, "levels", "samples", "sample-0001.png"));
    await page.setInputFiles("input[type=file]", { name: "slice.png", mimeType: "image/png", buffer: slice });
    await page.locator(".panes").waitFor();
    await page.getByText("4 × 8, depth 1").first().click();
    await page.getByRole("spinbutton", { name: "Code" }).first().fill("19");
    // The coarsest grid has fewer codes.
    await page.getByText("1 × 2, depth 1").first().click();
    await expect.poll(() => page.getByRole("spinbutton", { name: "Code" }).first().inputValue()).toBe("11");
    await page.getByText("Mask", { exact: true }).click();
    await page.getByRole("application", { name: "Grid of 1 × 2 codes" }).focus();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Fill the mask" }).click();
    await page.getByText("with your changes").waitFor({ timeout: 60_000 });
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("reads pictures of every kind as the command line does", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small"));
    const call = await startWorker(page, "wasm");
    const [height, width] = (await call.open("small")).size;
    const values = Uint16Array.from(phantomSlice([height, width], 0), (value) => Math.max(0, 40 * value));
    const deep = sharp(values, { raw: { width, height, channels: 1 } }).toColourspace("grey16");
    const grey = await deep.clone().png().toBuffer();
    const colour = sharp(
      Uint8Array.from({ length: 3 * values.length }, (_, at) => (at * at) % 256),
      {
        raw: { width, height, channels: 3 },
      },
    );
    for (const [name, file, tolerance] of [
      ["deep.png", grey, 1e-4],
      ["colour.png", await colour.clone().png().toBuffer(), 1e-4],
      ["lossless.webp", await colour.clone().webp({ lossless: true }).toBuffer(), 1e-4],
      // Decoders of JPEG may differ by 1 in 255, here of a range of some 150.
      ["grey.jpg", await sharp(grey).toColourspace("b-w").jpeg().toBuffer(), 1.5 / 100],
    ] as const) {
      const { original } = await call.encode(file, name);
      const read = Float32Array.from((await decodePicture(file)).values);
      expect(read.length, name).toBe(original.length);
      const { original: expected } = toUnitRange(read, read);
      const furthest = original.reduce(
        (most, value, pixel) => Math.max(most, Math.abs(value - expected[pixel]!)),
        0,
      );
      expect(furthest, name).toBeLessThan(tolerance);
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  it("says what is wrong with a damaged file", async () => {
    const { page, faults } = await openPage(browser, at("#/run/small/live"));
    await page.getByText("WebAssembly with SIMD").waitFor({ timeout: 60_000 });
    const damaged = volume().subarray(0, 3000);
    const picture = sharp(phantomPixels([64, 64]), { raw: { width: 64, height: 64, channels: 1 } });
    const [png, jpeg] = [picture.clone().png().toBuffer(), picture.clone().jpeg().toBuffer()];
    for (const [name, buffer, words] of [
      ["cut.nii", damaged, /cut\.nii cannot be read: it is cut off after 3000 of \d+ bytes/],
      [
        "text.png",
        Buffer.from("no picture"),
        /text\.png cannot be read: it does not start with a NIfTI header/,
      ],
      ["bad.png", Buffer.from("\x89PNG\r\n\x1a\nbroken", "latin1"), /bad\.png cannot be read: \w+/],
      ["cut.png", (await png).subarray(0, 300), /cut\.png cannot be read: \w+/],
      ["cut.jpg", (await jpeg).subarray(0, 60), /cut\.jpg cannot be read: its data is damaged or cut off/],
      [
        "cut.nii.gz",
        gzipSync(volume()).subarray(0, 3000),
        /cut\.nii\.gz cannot be read: its compressed data/,
      ],
      ["empty.nii", Buffer.alloc(0), /empty\.nii cannot be read: it is empty/],
    ] as const) {
      await page.setInputFiles("input[type=file]", { name, mimeType: "", buffer });
      await page.getByRole("alert").getByText(words).waitFor({ timeout: 60_000 });
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  it("works in an exported site, in a folder of a web server without ranges or events", async () => {
    const out = join(root, "public", "site");
    await exportSite({ run: join(runs, "small"), out });
    const site = await serveFolder(join(root, "public"));
    const { page, faults } = await openPage(browser, `${site.url}site/#/run/small/live`);
    await page.getByText("WebAssembly with SIMD").waitFor({ timeout: 60_000 });
    const slice = await readFile(join(runs, "small", "samples", "sample-0001.png"));
    await page.setInputFiles("input[type=file]", { name: "slice.png", mimeType: "image/png", buffer: slice });
    await page.locator(".panes").waitFor();
    expect(faults).toEqual([]);
    await page.close();
    site.close();
  });
});

/** Codes a place of a run, and the sizes of the pictures that its coarser grids give. */
const GRIDS: Readonly<Record<string, { depth: number; coarser: readonly (readonly number[])[] }>> = {
  small: { depth: 1, coarser: [] },
  pair: { depth: 1, coarser: [[8, 8]] },
  levels: {
    depth: 2,
    coarser: [
      [4, 8],
      [8, 16],
    ],
  },
};

describe.each(["wasm", "webgpu"] as const)("beside the command line, on %s", (engine) => {
  let watched: Watched;
  let call: Awaited<ReturnType<typeof startWorker>>;

  beforeAll(async () => {
    watched = await openPage(browser, at("#/"));
    call = await startWorker(watched.page, engine);
  });
  afterAll(() => watched?.page.close());

  // A graphics card in software takes a minute to compile all the programs of the larger ones.
  it.each(
    engine === "wasm"
      ? [
          ["at full size", "full"],
          ["in six levels", "levels"],
        ]
      : [["in two levels", "pair"]],
  )("reconstructs a slice %s, and finds its codes as likely, to 1e-3", async (_, run) => {
    const opened = await call.open(run);
    const expected = await commandLine(run, opened);
    const encoded = await call.encode(expected.png);
    expect(encoded.codes).toHaveLength({ full: 1, pair: 2, levels: 6 }[run]!);
    expect(encoded.decoded.ssim).toBeCloseTo(expected.ssim, 3);
    expect(encoded.decoded.psnr).toBeCloseTo(expected.psnr, 1);
    // The picture is rounded to 255 levels.
    expect(furthest(encoded.decoded.image, expected.image)).toBeLessThan(1e-3 + 0.5 / 255);
    const bits = await call.likelihood();
    const expectedBits = await bitsOf(run, opened, encoded.codes);
    for (const [level, levelBits] of bits.entries()) {
      expect(levelBits).toHaveLength(opened.levels[level]!.rows * opened.levels[level]!.columns);
      expect(furthest(levelBits, expectedBits[level]!), `level ${level}`).toBeLessThan(1e-3);
    }
    expect(watched.faults).toEqual([]);
  });

  // SwiftShader draws some twenty codes a second.
  it.each(engine === "wasm" ? ["small", "levels"] : ["pair"])(
    "draws the very codes and pictures of a seed, in the run %s",
    async (run) => {
      const { sampling, size } = await call.open(run);
      const { tensors } = decodeSafetensors(await readFile(join(runs, run, "samples", "codes.safetensors")));
      const request = {
        seed: 5,
        count: 4,
        ...sampling,
        label: null,
        position: null,
        covariates: {},
        given: null,
      };
      const { grids, images, covariates } = await call.sample(request);
      expect(covariates.map(Object.keys)).toEqual(
        covariates.map(() => (run === "small" ? [] : ["age", "sex"])),
      );
      const { depth, coarser } = GRIDS[run]!;
      const coarse = await call.pictures();
      expect(coarse.map((told) => told.size)).toEqual(coarser);
      for (const [grid, told] of coarse.entries()) {
        const expected = await pictureOf(run, grids[1]!.slice(0, depth * (grid + 1)));
        expect(furthest(told.images[1]!, expected), `grid ${grid}`).toBeLessThan(1e-3);
      }
      for (const level of grids[0]!.keys()) {
        const drawn = grids.flatMap((levels) => [...levels[level]!]);
        expect(drawn, `level ${level}`).toEqual([...tensors[`codes.${level}`]!.data]);
      }
      for (const [index, image] of images.entries()) {
        const file = join(runs, run, "samples", `sample-000${index + 1}.png`);
        const { data, info } = await sharp(file)
          .toColourspace("b-w")
          .raw()
          .toBuffer({ resolveWithObject: true });
        expect([info.height, info.width]).toEqual(size);
        const written = Float32Array.from(data, (value) => value / 255);
        expect(furthest(image, written), `sample ${index}`).toBeLessThan(1e-3 + 0.5 / 255);
      }
      expect(watched.faults).toEqual([]);
    },
  );
});

/** How many greys the first row of the atlas shows in the middles of its pictures. */
function greys(page: Page, codes: number): Promise<number> {
  return page.evaluate(`{
    const canvas = document.querySelector(".atlas canvas");
    const scale = canvas.width / canvas.clientWidth;
    const step = document.querySelector(".atlas .frame").offsetWidth + 4;
    const columns = Math.floor((canvas.clientWidth + 4) / step);
    const context = canvas.getContext("2d");
    const found = Array.from({ length: Math.min(${codes}, columns) }, (_, place) => {
      const at = (place + 0.5) * step - 2;
      return context.getImageData(Math.round(scale * at), Math.round((scale * step) / 2), 1, 1).data.join();
    });
    new Set(found).size;
  }`);
}

/** What the command line's engine makes of the codes of the coarsest levels, in the greys of the training slices. */
async function pictureOf(run: string, codes: Grids): Promise<Float32Array> {
  const folder = join(runs, run);
  const config = parse(await readFile(join(folder, "config.yaml"), "utf8"));
  const model = vqvae.bind(vqvaeSchema.parse(config.model), config.dataset.size);
  const carry = decodeSafetensors(await readFile(join(folder, "checkpoints", "best.safetensors"))).tensors;
  const learned = await readFile(join(folder, "checkpoints", "preprocessing.safetensors"));
  const preprocessing = preprocessingOf(decodeSafetensors(learned), config.dataset);
  const specs = model.codeSpecs(1).slice(0, codes.length);
  const engine = await createEngine({ kind: "onnx", threads: 1 });
  const decode = await engine.compile(model.decode, [specs], {
    parameters: model.parameters(carry, { average: true }),
  });
  const image = (await decode.run(
    specs.map(({ shape }, level) => int32(Int32Array.from(codes[level]!), shape)),
  )) as HostTensor;
  await decode.dispose();
  await engine.dispose();
  return greysOf(preprocessing, Float32Array.from(image.data));
}

function furthest(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
}

interface Reconstructed {
  readonly png: Buffer;
  readonly ssim: number;
  readonly psnr: number;
  /** [height, width], in [0, 1]. */
  readonly image: Float32Array;
}

const reconstructed = new Map<string, Promise<Reconstructed>>();

/** A phantom, and what the command line makes of it; the same for every engine of the page. */
function commandLine(run: string, { size: [height, width] }: OpenedModel): Promise<Reconstructed> {
  const make = async (): Promise<Reconstructed> => {
    const raw = { width, height, channels: 1 } as const;
    const png = await sharp(phantomPixels([height, width]), { raw })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const file = join(root, `${run}-slice.png`);
    await writeFile(file, png);
    const out = join(root, run);
    await execute({ kind: "reconstruct", run: join(runs, run), files: [file], out });
    const [figures] = JSON.parse(await readFile(join(out, "figures.json"), "utf8"));
    const written = await sharp(join(out, `${run}-slice.png`))
      .toColourspace("b-w")
      .raw()
      .toBuffer();
    return { png, ...figures, image: Float32Array.from(written, (value) => value / 255) };
  };
  const known = reconstructed.get(run) ?? make();
  reconstructed.set(run, known);
  return known;
}

/** Four slices of a phantom's head as one NIfTI volume of 64 × 64 × 4 values. */
function volume(): Buffer {
  const depth = 4;
  const slices = Array.from({ length: depth }, (_, slice) => phantomSlice([64, 64], slice));
  // The values run along the last axis first.
  const values = Float32Array.from(
    { length: 64 * 64 * depth },
    (_, at) => slices[at % depth]![Math.floor(at / depth)]!,
  );
  return Buffer.from(encodeNifti(values, { shape: [64, 64, depth], type: "float32" }));
}

/** A phantom in 255 levels of grey. */
function phantomPixels(size: readonly [number, number]): Uint8Array {
  return Uint8Array.from(phantomSlice(size, 0), (value) => Math.max(0, Math.min(255, value / 4)));
}

function phantomSlice(size: readonly [number, number], slice: number): Float32Array {
  return drawPhantom({
    anatomy: "head",
    seed: 1,
    subject: "someone",
    slice,
    position: 0.4 + 0.05 * slice,
    size,
  }).values;
}

/** The built worker itself, as the page starts it, to see its values to the last digit. */
async function startWorker(page: Page, engine: "wasm" | "webgpu") {
  const assets = await readdir(join(pageFolder(), "assets"));
  const worker = assets.find((name) => /^model-worker.*\.js$/.test(name))!;
  await page.evaluate(`{
    const started = new Worker("./assets/${worker}", { type: "module" });
    globalThis.pictures = [];
    globalThis.ask = (name, argument) => new Promise((done, failed) => {
      started.onmessage = ({ data }) => {
        if ("event" in data) {
          if ("pictures" in data.event) globalThis.pictures.push(data.event.pictures);
        } else if ("answer" in data) {
          if (name === "slice") globalThis.latest = data.answer;
          done(data.answer);
        } else if ("error" in data) failed(new Error(data.error));
      };
      started.postMessage({ call: 1, name, argument });
    });
  }`);
  const ask = <Name extends CallName>(name: Name, argument: unknown) =>
    page.evaluate(
      ([called, given]) =>
        (globalThis as unknown as { ask(name: string, argument: unknown): Promise<never> }).ask(
          called as string,
          given,
        ),
      [name, argument] as const,
    ) as Promise<Calls[Name]["answer"]>;
  return {
    async open(run: string): Promise<OpenedModel> {
      const files = (path: string) => new URL(`files/${run}/${path}`, base).href;
      return ask("open", {
        engine,
        wasmPath: new URL("wasm/", base).href,
        config: parse(await readFile(join(runs, run, "config.yaml"), "utf8")),
        urls: {
          model: files("checkpoints/best.safetensors"),
          preprocessing: files("checkpoints/preprocessing.safetensors"),
          prior: files("prior/checkpoints/best.safetensors"),
          codes: files("codes/test.safetensors"),
          grain: files("codes/grain.json"),
          frequencies: new URL(`data/${run}/frequencies.json`, base).href,
          covariates: ["levels", "pair"].includes(run) ? files("codes/covariates.json") : null,
        },
      });
    },
    async encode(file: Buffer, name = "slice.png"): Promise<Encoded> {
      await page.evaluate(
        async ([base64, name]) => {
          const { ask } = globalThis as unknown as { ask(name: string, argument: unknown): Promise<unknown> };
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          await ask("scan", { file: new Blob([bytes]), name });
        },
        [file.toString("base64"), name] as const,
      );
      return ask("slice", { plane: 2, index: 0, fit: "training" });
    },
    /** Of the codes that were encoded last. */
    likelihood: () =>
      page.evaluate("ask('likelihood', { codes: latest.codes, label: 0 })") as Promise<
        Calls["likelihood"]["answer"]
      >,
    sample: (request: SampleRequest): Promise<Sampled> => ask("sample", request),
    /** What was told of coarse levels since this was asked before. */
    pictures: () => page.evaluate("pictures.splice(0)") as Promise<SampledPictures[]>,
  };
}

/** Bits of each code by the engine of the command line, level by level. */
async function bitsOf(
  run: string,
  { levels, classes }: OpenedModel,
  codes: Encoded["codes"],
): Promise<Float32Array[]> {
  const config = parse(await readFile(join(runs, run, "config.yaml"), "utf8"));
  const prior = pixelcnn.bind(pixelcnn.schema.parse(config.prior.options), {
    levels,
    classes: classes.length,
  });
  const { tensors } = decodeSafetensors(
    await readFile(join(runs, run, "prior", "checkpoints", "best.safetensors")),
  );
  const engine = await createEngine({ kind: "onnx", threads: 1 });
  const shapes = levels.map(({ rows, columns }) => [1, rows, columns] as const);
  const specs = shapes.map((shape) => ({ shape, dtype: "int32" }) as const);
  const labels: HostTensors = classes.length > 0 ? { labels: int32([0], [1]) } : {};
  const compiled = await engine.compile(scoreOf(prior), [specs, specsOf(labels)], {
    parameters: prior.parameters(tensors, { average: true }),
  });
  const grids = shapes.map((shape, level) => int32(Int32Array.from(codes[level]!), shape));
  const { logLikelihood: logs } = await compiled.run(grids, labels);
  await compiled.dispose();
  await engine.dispose();
  return logs.map(({ data }) => Float32Array.from(data, (log) => -log / Math.LN2));
}
