import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Affine, decodeNifti, encodeNifti, readNiftiHeader, volumeSides } from "../../../src/index.ts";
import cases from "../../golden/affines.json" with { type: "json" };

function expectClose(affine: Affine, expected: readonly (readonly number[])[]) {
  for (const [index, value] of affine.flat().entries()) expect(value).toBeCloseTo(expected.flat()[index]!, 4);
}

describe("how an image lies", () => {
  it.each(cases)("is as nibabel reads it: $name", (golden) => {
    const bytes = new Uint8Array(inflateSync(Buffer.from(golden.file, "base64")));
    const header = readNiftiHeader(bytes);
    expectClose(header.affine, golden.affine);
    expect(header.affineCode).toBe(golden.code);
    expect(volumeSides(header, "canonical")).toEqual(golden.shape);
    const [rows, columns, slices] = golden.shape as [number, number, number];
    for (const slice of [0, slices - 1]) {
      const image = decodeNifti(bytes, { plane: 2, slice, orientation: "canonical" });
      const values = golden.canonical.filter((_, index) => index % slices === slice);
      expect([image.height, image.width, ...image.values]).toEqual([rows, columns, ...values]);
      const [x, y, z] = golden.canonicalAffine.map((row) => row[3]! + slice * row[2]!);
      expectClose(
        image.affine!,
        golden.canonicalAffine.map((row, index) => [...row.slice(0, 3), [x, y, z, 1][index]!]),
      );
      expect(image.affineCode).toBe(golden.code === 0 ? 2 : golden.code);
    }
  });

  const place = (affine: Affine) =>
    encodeNifti(new Uint8Array(24), { shape: [2, 3, 4], type: "uint8", affine, affineCode: 3 });
  const bottom = [0, 0, 0, 1];
  const matrix = (x: number, y = 1, z = 1) => [[x, 0, 0, 9], [0, y, 0, 9], [0, 0, z, 9], bottom];
  const withQuaternion = (b: number) => {
    const bytes = place(matrix(1));
    const view = new DataView(bytes.buffer);
    view.setInt16(252, 1, true);
    view.setInt16(254, 0, true);
    view.setFloat32(256, b, true);
    return bytes;
  };
  it.each([
    ["its sform holds NaN", place(matrix(Number.NaN))],
    ["its sform holds Infinity", place(matrix(1, 1, Number.POSITIVE_INFINITY))],
    ["its sform brings several axes to one line, or to a point", place(matrix(0, 0, 0))],
    ["its sform brings several axes to one line, or to a point", place(matrix(1, 1, 0))],
    ["its qform holds no rotation", withQuaternion(1.5)],
    ["its qform holds no rotation", withQuaternion(Number.NaN)],
  ])("is not known, and so cannot be turned: %s", (fault, bytes) => {
    expect(() => decodeNifti(bytes, { plane: 2, slice: 0, orientation: "canonical" })).toThrow(
      `how it lies is not known: ${fault}`,
    );
    // In the file's own order it can be read; that nothing is known is said, and written.
    const image = decodeNifti(bytes, { plane: 2, slice: 0 });
    expect(image.affineCode).toBe(0);
    expect(image.affine!.flat().every(Number.isFinite)).toBe(true);
  });

  it("of one slice needs no third axis", () => {
    const affine = matrix(-2, 3, 0);
    const bytes = encodeNifti([1, 2, 3, 4], { shape: [2, 2, 1], type: "uint8", affine });
    expect([...decodeNifti(bytes, { orientation: "canonical" }).values]).toEqual([3, 4, 1, 2]);
  });

  it.each([0, 1, 2, 3, 4, 5])("keeps its code when it is written: %i", (affineCode) => {
    for (const version of [1, 2] as const) {
      const affine = matrix(-2, 3, 4);
      const options = { shape: [3, 5, 1], type: "int16", version, affine, affineCode } as const;
      const header = readNiftiHeader(encodeNifti(new Int16Array(15), options));
      expect(header.affineCode).toBe(affineCode);
      // Not known, it is centred as nibabel has it.
      const centred = [[-2, 0, 0, 2], [0, 3, 0, -6], [0, 0, 4, 0], bottom];
      expectClose(header.affine, affineCode === 0 ? centred : affine);
    }
  });
});
