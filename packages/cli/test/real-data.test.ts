import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { slicebook, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const data = process.env.SLICEBOOK_DATA;
if (data === undefined && process.env.CI === "true") {
  throw new Error("SLICEBOOK_DATA must name the folder of real slices when CI=true");
}

describe.runIf(data !== undefined)("real slices", () => {
  const cwd = temporaryFolder();

  test.each([
    { layout: "hipmri", size: "64, 32", train: [169, 16], validate: [32, 5], test: [70, 6] },
    { layout: "oasis", size: "64, 64", train: [208, 13], validate: [48, 3], test: [48, 3] },
    // A fifth of the five training subjects of each class is held out.
    { layout: "adni", size: "60, 64", train: [144, 8], validate: [36, 2], test: [108, 6] },
  ])("of $layout are counted, and train a model", async ({ layout, size, ...splits }) => {
    const root = resolve(data!, layout);
    const inspected = await slicebook(["inspect", root, "--json"], { cwd });
    expect(inspected.code, inspected.stderr).toBe(0);
    const { inspection } = JSON.parse(inspected.stdout);
    for (const [split, [slices, subjects]] of Object.entries(splits)) {
      expect(inspection.splits[split], split).toMatchObject({ slices, subjects });
    }

    const config = await writeTiny(cwd, {
      name: `${layout}.yaml`,
      change: (text) =>
        text
          .replace("adapter: phantom", `adapter: ${layout}\n  sizePolicy: resize`)
          // The sizes of the pipeline's tests, whose prepared slices are then there.
          .replace("size: [32, 32]", `size: [${size}]`)
          .replace(/ {2}options: \{ subjects.*\n/, ""),
    });
    const trained = await slicebook(["train", config, `dataset.root=${root}`, "train.steps=20"], { cwd });
    expect(trained.code, trained.stderr).toBe(0);
    const evaluated = await slicebook(["evaluate", `runs/${layout}`, "--json"], { cwd });
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { figures } = JSON.parse(evaluated.stdout);
    expect(figures.ssim).toBeGreaterThan(0);
    expect(figures.ssim).toBeLessThan(1);
  });
});
