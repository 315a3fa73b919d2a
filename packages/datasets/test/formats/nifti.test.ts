import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { decodeNifti, encodeNifti, readNifti, readNiftiHeader, type SliceOptions } from "../../src/index.ts";
import { decodeFile } from "../../src/node.ts";
import cases from "../golden/nifti.json" with { type: "json" };
import { temporaryFolder } from "../temporary-folder.ts";

const unpacked = (text: string) => new Uint8Array(gunzipSync(Buffer.from(text, "base64")));

describe("decodeNifti", () => {
  it.each(cases)("reads what nibabel reads: $name", ({ file, image, read, shape, values, affine }) => {
    const bytes = unpacked(file);
    const options: SliceOptions = {
      ...(read as SliceOptions | undefined),
      image: image === undefined ? undefined : unpacked(image),
    };
    const slice = decodeNifti(bytes, options);
    expect([slice.height, slice.width]).toEqual(shape);
    expect([...slice.values]).toEqual(values);
    for (const [index, value] of readNiftiHeader(bytes).affine.flat().entries()) {
      expect(value).toBeCloseTo(affine[index]!, 5);
    }
  });

  it("reads bytes that do not start at an aligned place of their buffer", () => {
    const { file, values } = cases.find(({ name }) => name === "float64 <")!;
    const bytes = unpacked(file);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...decodeNifti(shifted.subarray(3)).values]).toEqual(values);
  });

  const plain = encodeNifti([1, 2, 3, 4, 5, 6], { shape: [2, 3], type: "int16" });
  const changed = (change: (view: DataView) => void) => {
    const bytes = plain.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  it.each([
    ["it does not start with a NIfTI header", new Uint8Array(1000)],
    ["it does not start with a NIfTI header", new Uint8Array(0)],
    ["its header is cut off after 300 of 348 bytes", plain.subarray(0, 300)],
    ["it is cut off after 362 of 364 bytes", plain.subarray(0, 362)],
    ["its header names 0 axes, where 1 to 7 are allowed", changed((view) => view.setInt16(40, 0, true))],
    ["its header names the shape [2, -3]", changed((view) => view.setInt16(44, -3, true))],
    ["its values are of the unsupported type complex64", changed((view) => view.setInt16(70, 32, true))],
    [
      "its values are of the unsupported type with the code 77",
      changed((view) => view.setInt16(70, 77, true)),
    ],
    ["its header says that the values start at byte 12", changed((view) => view.setFloat32(108, 12, true))],
    [
      "its scl_inter is NaN although its scl_slope is 1",
      changed((view) => view.setFloat32(116, Number.NaN, true)),
    ],
    [
      "it is a volume of shape [2, 2, 2], and no plane and slice are chosen",
      encodeNifti(new Uint8Array(8), { shape: [2, 2, 2], type: "uint8" }),
    ],
  ])("refuses what is not a slice: %s", (message, bytes) => {
    expect(() => decodeNifti(bytes)).toThrow(expect.objectContaining({ code: "NIFTI_INVALID", message }));
  });
});

describe("readNifti", () => {
  it("unpacks gzip, and reads no further than the header announces", async () => {
    const bytes = encodeNifti([1, 2, 3, 4, 5, 6], { shape: [2, 3], type: "float32" });
    const padded = new Uint8Array(bytes.length + 50_000_000);
    padded.set(bytes);
    const slice = await readNifti(gzipSync(padded));
    expect([...slice.values]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await readNifti(bytes)).toEqual(slice);
  });

  it("refuses absurd sizes and damaged data", async () => {
    const huge = encodeNifti([1], { shape: [1, 1], type: "float64" });
    const view = new DataView(huge.buffer);
    view.setInt16(42, 30_000, true);
    view.setInt16(44, 30_000, true);
    const packed = gzipSync(Buffer.concat([huge, Buffer.alloc(1000)]));
    await expect(readNifti(packed)).rejects.toThrow("has 900000000 pixels, of at most 16777216");
    await expect(readNifti(packed.subarray(0, 40))).rejects.toThrow(
      "its compressed data is damaged or cut off",
    );
  });

  it.each([
    ["of several members", (parts: Uint8Array[]) => Buffer.concat(parts.map((part) => gzipSync(part)))],
    [
      "followed by zeros",
      (parts: Uint8Array[]) => Buffer.concat([gzipSync(Buffer.concat(parts)), Buffer.alloc(600)]),
    ],
    [
      "followed by something else",
      (parts: Uint8Array[]) => Buffer.concat([gzipSync(Buffer.concat(parts)), Buffer.from("end")]),
    ],
    [
      "of several members, followed by zeros",
      (parts: Uint8Array[]) => Buffer.concat([...parts.map((part) => gzipSync(part)), Buffer.alloc(9)]),
    ],
  ])("reads gzip %s, as the command does", async (_, pack) => {
    const values = Float32Array.from({ length: 12_000 }, (_, index) => index);
    const bytes = encodeNifti(values, { shape: [100, 120], type: "float32" });
    const parts = [
      bytes.subarray(0, 100),
      bytes.subarray(100, 352),
      bytes.subarray(352, 9000),
      bytes.subarray(9000),
    ];
    const packed = pack(parts);
    expect((await readNifti(packed)).values).toEqual(values);
    const path = join(await temporaryFolder({ "a.nii.gz": packed }), "a.nii.gz");
    expect((await decodeFile(path)).values).toEqual(values);
  });

  it("refuses data that does not fit its checksum", async () => {
    const packed = gzipSync(encodeNifti([1, 2, 3, 4, 5, 6], { shape: [2, 3], type: "float32" }));
    packed[packed.length - 6]! ^= 1;
    await expect(readNifti(packed)).rejects.toThrow("its compressed data is damaged or cut off");
    await expect(readNifti(packed.subarray(0, -4))).rejects.toThrow("damaged or cut off");
  });
});

describe("encodeNifti", () => {
  const source = random(3, "encode");
  it.each(
    (
      [
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float32",
        "float64",
      ] as const
    ).flatMap((type) =>
      [true, false].flatMap((littleEndian) =>
        ([1, 2] as const).map((version) => ({ type, littleEndian, version })),
      ),
    ),
  )("is decoded to the same values: $type, little-endian $littleEndian, version $version", (options) => {
    const shape = [4, 7];
    const values = Float32Array.from({ length: 28 }, () => source.integer(128));
    const slice = decodeNifti(encodeNifti(values, { shape, ...options }));
    expect(slice).toMatchObject({ height: 4, width: 7, type: options.type });
    expect([...slice.values]).toEqual([...values]);
  });

  it("stores scaled values to within half a step", () => {
    const values = Float32Array.from({ length: 12 }, () => 100 * source.normal());
    const slice = decodeNifti(
      encodeNifti(values, { shape: [3, 4, 1], type: "int16", slope: 0.5, intercept: -3 }),
    );
    for (const [index, value] of slice.values.entries())
      expect(Math.abs(value - values[index]!)).toBeLessThan(0.2501);
  });

  it("refuses values that do not fit", () => {
    expect(() => encodeNifti([300], { shape: [1, 1], type: "uint8" })).toThrow(
      "the value 300 does not fit uint8",
    );
    expect(() => encodeNifti([1, 2], { shape: [3], type: "uint8" })).toThrow(
      "2 values do not fill the shape [3]",
    );
  });
});
