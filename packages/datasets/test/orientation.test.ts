import { describe, expect, it } from "vitest";
import { decodeNifti, encodeNifti, fitAffine, fitSize } from "../src/index.ts";
import { listDataset, openDataset } from "../src/node.ts";
import cases from "./golden/orientation.json" with { type: "json" };
import { temporaryFolder } from "./temporary-folder.ts";

const VOLUME = [4, 3, 5] as const;

function expectClose(affine: readonly (readonly number[])[], expected: readonly (readonly number[])[]) {
  for (const [index, value] of affine.flat().entries()) expect(value).toBeCloseTo(expected.flat()[index]!, 4);
}

describe("canonical orientation", () => {
  it.each(cases)("is nibabel's, and each slice knows its place: $name, plane $plane", (golden) => {
    const { affine, volume, plane, slice, shape, values, sliceAffine } = golden;
    for (const version of [1, 2] as const) {
      const bytes = encodeNifti(volume, { shape: VOLUME, type: "int16", affine, version });
      const image = decodeNifti(bytes, { plane: plane as 0 | 1 | 2, slice, orientation: "canonical" });
      expect([image.height, image.width]).toEqual(shape);
      expect([...image.values]).toEqual(values);
      expectClose(image.affine!, sliceAffine);
    }
  });

  it("turns a file of one slice within its plane", () => {
    const affine = [
      [0, -2, 0, 10],
      [3, 0, 0, 20],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ];
    const bytes = encodeNifti([1, 2, 3, 4, 5, 6], { shape: [2, 3, 1], type: "uint8", affine });
    expect(decodeNifti(bytes)).toMatchObject({ height: 2, width: 3, affine });
    const turned = decodeNifti(bytes, { orientation: "canonical" });
    // Columns of the file run to the left: they become rows, from their end; its rows run to the front.
    expect(turned).toMatchObject({ height: 3, width: 2 });
    expect([...turned.values]).toEqual([3, 6, 2, 5, 1, 4]);
    expectClose(turned.affine!, [
      [2, 0, 0, 6],
      [0, 3, 0, 20],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]);
  });

  it("is asked for in a data set's options, for volumes and their masks alike", async () => {
    const { affine, volume } = cases.find(({ name }) => name === "PSL") ?? cases[5]!;
    const bytes = encodeNifti(volume, { shape: VOLUME, type: "int16", affine });
    const mask = encodeNifti(
      volume.map((value) => Math.abs(value)),
      { shape: VOLUME, type: "int16", affine },
    );
    const root = await temporaryFolder({ "a.nii": bytes, "a_mask.nii": mask });
    const options = {
      pattern: "{subject}.nii",
      masks: { pattern: "{subject}_mask.nii" },
      orientation: "canonical" as const,
      volumes: { plane: 2 as const },
    };
    const config = {
      adapter: "folder",
      root,
      size: [8, 8] as [number, number],
      sizePolicy: "pad" as const,
      options,
    };
    const { records } = await listDataset(config);
    const whole = decodeNifti(bytes, { plane: 2, slice: 1, orientation: "canonical" });
    const data = await openDataset(config, { splits: ["train"] });
    expect(data.splits.train.records).toHaveLength(records.length);
    const padded = fitSize(whole, [8, 8], { policy: "pad", path: "" });
    expect([...data.splits.train.originals([1])]).toEqual([...padded]);
    const inside = (values: ArrayLike<number>) => {
      const top = Math.floor((8 - whole.height) / 2);
      const left = Math.floor((8 - whole.width) / 2);
      return Array.from(values).slice(8 * top + left, 8 * top + left + whole.width);
    };
    expect(inside((await data.splits.train.mask(1))!)).toEqual(inside(padded).map(Math.abs));
  });
});

describe("fitAffine", () => {
  const affine = [
    [2, 0, 0, 10],
    [0, 3, 0, 20],
    [0, 0, 1, 30],
    [0, 0, 0, 1],
  ];
  it.each([
    ["crop", [2, 2], [2, 3, 12, 26]],
    ["pad", [8, 9], [2, 3, 6, 17]],
    ["resize", [2, 12], [4, 1.5, 11, 19.25]],
    [undefined, [4, 6], [2, 3, 10, 20]],
  ] as const)("keeps pixels where they were: %s", (policy, size, [down, right, x, y]) => {
    expect(fitAffine(affine, { height: 4, width: 6 }, size, policy)).toEqual([
      [down, 0, 0, x],
      [0, right, 0, y],
      [0, 0, 1, 30],
      [0, 0, 0, 1],
    ]);
  });
});
