import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { readJson, slicebook, temporaryFolder } from "./command.ts";

const plugIns = fileURLToPath(new URL("../../../examples/plug-ins", import.meta.url));

/** A slice of the example's format: a bright disc that moves with the slice's number. */
function gridFile(slice: number, subject: number): string {
  const rows = Array.from({ length: 32 }, (_, row) =>
    Array.from({ length: 32 }, (_, column) =>
      (row - 16) ** 2 + (column - 10 - 2 * slice) ** 2 < 60 + subject ? 200 + slice : 20,
    ).join(" "),
  );
  return `32 32\n${rows.join("\n")}\n`;
}

test("the example's data set and prior run by name from its YAML file, and complete a slice", async () => {
  const cwd = temporaryFolder();
  for (const name of ["grid-slices.js", "histogram-prior.js", "run.yaml"]) {
    await cp(join(plugIns, name), join(cwd, name));
  }
  for (const [number, split] of ["train", "train", "train", "validate", "test"].entries()) {
    const folder = join(cwd, "slices", split, `p${number}`);
    await mkdir(folder, { recursive: true });
    for (let slice = 0; slice < 6; slice++) {
      await writeFile(join(folder, `${slice}.grid`), gridFile(slice, number));
    }
  }
  const { code, stderr } = await slicebook(["run", "run.yaml"], { cwd });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const run = join(cwd, "runs", "run");
  expect(await readJson(join(run, "run.json"))).toMatchObject({
    data: { adapter: "grid-slices", splits: { train: { slices: 18 }, test: { slices: 6 } } },
  });
  // What lies alike at each position is likelier than any of 32 codes.
  const { test: measured } = JSON.parse(await readFile(join(run, "prior", "evaluation.json"), "utf8"));
  expect(measured.bitsPerCode).toBeLessThan(5);

  const half = Uint8Array.from({ length: 1024 }, (_, at) => (at % 32 < 16 ? 255 : 0));
  await sharp(half, { raw: { width: 32, height: 32, channels: 1 } })
    .png()
    .toFile(join(cwd, "keep.png"));
  const slice = join("slices", "test", "p4", "2.grid");
  const completed = await slicebook(["sample", run, "--complete", slice, "--keep", "keep.png"], { cwd });
  expect(completed).toMatchObject({ code: 0 });
}, 300_000);
