import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { imagePathsOf, isImageFile } from "../../src/formats/registry.ts";
import {
  browserEndings,
  encodeNifti,
  FORMATS,
  formatNamed,
  formatOf,
  withoutEnding,
} from "../../src/index.ts";
import { decodeFile, readHeaderOf } from "../../src/node.ts";
import kinds from "../golden/kinds.json" with { type: "json" };
import pictures from "../golden/pictures.json" with { type: "json" };
import { temporaryFolder } from "../temporary-folder.ts";

const volume = encodeNifti(new Uint8Array(24), { shape: [2, 3, 4], type: "uint8" });

describe("formatOf", () => {
  const named = [...kinds, ...pictures]
    .map(({ name, file }) => ({ name: name.split(/[ ,]/)[0]!.toLowerCase(), file }))
    .filter(({ name }) => FORMATS.some((format) => format.name.toLowerCase() === name));

  it("tells every picture's format by its first bytes", () => {
    const told = named.map(({ file }) => formatOf(Buffer.from(file, "base64").subarray(0, 12)).name);
    expect(told.map((name) => name.toLowerCase())).toEqual(named.map(({ name }) => name));
    expect(new Set(told)).toEqual(new Set(["PNG", "JPEG", "TIFF", "WebP"]));
  });

  it("accepts packed files only of formats with a header", () => {
    const png = Buffer.from(named.find(({ name }) => name === "png")!.file, "base64");
    expect(formatOf(volume, { packed: true }).name).toBe("NIfTI");
    expect(() => formatOf(png, { packed: true })).toThrow("it does not start with a NIfTI header");
  });

  it("says what another file is", () => {
    expect(() => formatOf(Buffer.from("\x93NUMPY", "latin1"))).toThrow(
      "it is a NumPy array, which is not read",
    );
    expect(() => formatOf(new Uint8Array(3))).toThrow("it does not start with a NIfTI header");
  });
});

describe("names", () => {
  it.each([
    ["case_001_slice_0.nii.png", "case_001_slice_0"],
    ["Scan.NII.GZ", "Scan"],
    ["scan.hdr.gz", "scan"],
    ["sub-01.T1w.jpeg", "sub-01.T1w"],
    ["scan.nii.slbk", "scan"],
    ["scan.mha.gz", "scan"],
    ["IM.0001", "IM.0001"],
    [".png", ""],
  ])("lose the endings of their format: %s", (name, bare) => {
    expect(withoutEnding(name)).toBe(bare);
  });

  it("tell the format, one for each ending", () => {
    const endings = FORMATS.flatMap((format) => format.endings);
    expect(new Set(endings).size).toBe(endings.length);
    for (const format of FORMATS) {
      for (const ending of format.endings) expect(formatNamed(`a${ending.toUpperCase()}`)).toBe(format);
    }
    expect(formatNamed("a.nii.gz")?.placed).toBe(true);
    expect(formatNamed("a.png.gz")).toBeUndefined();
  });

  it("tell where the values of a header are", () => {
    expect(imagePathsOf("/a/scan.hdr.gz")).toEqual(["/a/scan.img", "/a/scan.img.gz"]);
    expect(imagePathsOf("/a/scan.nii")).toEqual([]);
    expect(["a.img", "a.IMG.gz", "a.hdr"].map(isImageFile)).toEqual([true, true, false]);
  });

  it("give a browser's file chooser its extensions", () => {
    expect(browserEndings()).toEqual([".nii", ".gz", ".png", ".jpg", ".jpeg", ".webp"]);
  });
});

describe("readHeaderOf", () => {
  it("reads the header of a volume, packed or not, and none of a picture", async () => {
    const picture = Buffer.from(pictures[0]!.file, "base64");
    const folder = await temporaryFolder({ plain: volume, packed: gzipSync(volume), picture });
    for (const name of ["plain", "packed"]) {
      const header = await readHeaderOf(join(folder, name));
      expect(header?.sides()).toEqual([2, 3, 4]);
      expect(header?.byteLength).toBe(volume.length);
    }
    expect(await readHeaderOf(join(folder, "picture"))).toBeUndefined();
    await expect(decodeFile(join(folder, "picture"), { plane: 2, slice: 1 })).rejects.toThrow(
      "it is a picture, which holds one slice",
    );
  });
});
