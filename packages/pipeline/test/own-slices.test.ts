import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { encodeNifti, readNiftiHeader } from "@slicebook/datasets";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
let run: string;
const SIDE = 32;

beforeAll(async () => {
  const config = await place.write("tiny.yaml", TINY.replace("epochs: 3", "steps: 2"));
  run = place.at("runs", "tiny");
  const stages = ["train", "encode", "train-prior"] as const;
  await execute({ kind: "run", config, overrides: [`run.root=${place.at("runs")}`], stages, resume: false });
});

/** Everything that takes a file of one's own, and where it writes of a file `name`. */
const uses = {
  compress: async (file: string, out: string) => {
    await execute({ kind: "compress", run, files: [file], out, force: false });
  },
  reconstruct: async (file: string, out: string) => {
    await execute({ kind: "reconstruct", run, files: [file], out });
  },
  complete: async (file: string, out: string) => {
    await execute({ kind: "complete", run, overrides: [], file, keep: "top", candidates: 1, out });
  },
};

const pixels = Array.from({ length: SIDE * SIDE }, (_, pixel) => (pixel * 37) % 101);

describe.each(Object.entries(uses))("a file of one's own, to %s", (use, execute) => {
  it.each([
    ["NaN", "float32", Number.NaN],
    ["-Infinity", "float64", Number.NEGATIVE_INFINITY],
    ["1e+300, beyond the numbers that float32 holds (±3.4e+38)", "float64", 1e300],
  ] as const)("is refused with the place of %s", async (text, type, value) => {
    const values = pixels.with(5 * SIDE + 7, value);
    const file = place.at(`bad-${use}.nii`);
    await writeFile(file, encodeNifti(values, { shape: [SIDE, SIDE], type }));
    const out = place.at("refused", use);
    await expect(execute(file, out)).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: `${file} cannot be used: its value at row 5, column 7 is ${text}`,
    });
    expect(existsSync(out)).toBe(false);
  });
});

describe("what is made of a NIfTI file lies where the file does, in a space of the same code", () => {
  const affine = [
    [-2, 0, 0, 40],
    [0, 2, 0, -30],
    [0, 0, 3, 12],
    [0, 0, 0, 1],
  ];
  it.each([0, 1, 2, 4])("code %i", async (affineCode) => {
    const bytes = encodeNifti(pixels, { shape: [SIDE, SIDE, 1], type: "int16", affine, affineCode });
    const original = readNiftiHeader(bytes);
    const [file, out] = [place.at(`placed-${affineCode}.nii`), place.at(`out-${affineCode}`)];
    await writeFile(file, bytes);
    for (const use of Object.values(uses)) await use(file, out);
    const files = [`${out}/placed-${affineCode}.slbk`];
    await execute({ kind: "decompress", run, files, out: `${out}/restored`, force: false });
    for (const name of [`placed-${affineCode}`, `restored/placed-${affineCode}`, "completion-0001"]) {
      const header = readNiftiHeader(gunzipSync(await readFile(`${out}/${name}.nii.gz`)));
      expect({ name, code: header.affineCode }).toEqual({ name, code: affineCode });
      expect(header.affine).toEqual(original.affine);
    }
  });
});
