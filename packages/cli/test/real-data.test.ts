import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { slicebook, temporaryFolder } from "./command.ts";

const data = process.env.SLICEBOOK_DATA;
if (data === undefined && process.env.CI === "true") {
  throw new Error("SLICEBOOK_DATA must name the folder of real slices when CI=true");
}

describe.runIf(data !== undefined)("real slices", () => {
  const cwd = temporaryFolder();

  test.each([
    { layout: "hipmri", train: [169, 16], validate: [32, 5], test: [70, 6] },
    { layout: "oasis", train: [208, 13], validate: [48, 3], test: [48, 3] },
    // A fifth of the five training subjects of each class is held out.
    { layout: "adni", train: [144, 8], validate: [36, 2], test: [108, 6] },
  ])("of $layout are counted by inspect", async ({ layout, ...splits }) => {
    const root = resolve(data!, layout);
    const inspected = await slicebook(["inspect", root, "--json"], { cwd });
    expect(inspected.code, inspected.stderr).toBe(0);
    const { inspection } = JSON.parse(inspected.stdout);
    for (const [split, [slices, subjects]] of Object.entries(splits)) {
      expect(inspection.splits[split], split).toMatchObject({ slices, subjects });
    }
  });
});
