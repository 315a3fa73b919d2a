import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { encodeNifti } from "@slicebook/datasets";
import { expect, it } from "vitest";
import { readScan } from "../../src/page/worker/read-scan.ts";

interface Kind {
  readonly name: string;
  readonly file: string;
  readonly values?: readonly number[];
  readonly error?: string | null;
}

/** Pictures of which the command's reading is known: see the data sets' golden files. */
const kinds = ["kinds", "pictures"].flatMap((name): Kind[] =>
  JSON.parse(readFileSync(new URL(`../../../datasets/test/golden/${name}.json`, import.meta.url), "utf8")),
);
const read = (bytes: Uint8Array, name: string) => readScan(new Blob([bytes as BlobPart]), name, "file");
const contentOf = ({ file }: Kind) => Buffer.from(file, "base64");

it.each(kinds.filter(({ name, values }) => name.startsWith("png") && values && !name.includes("turned")))(
  "reads as the command does: $name",
  async (kind) => {
    const scan = await read(contentOf(kind), kind.name);
    if (scan.kind !== "slice") throw new Error(scan.kind);
    for (const [pixel, value] of scan.image.values.entries()) {
      expect(value).toBeCloseTo(kind.values![pixel]!, 2);
    }
  },
);

it.each(kinds.filter(({ name, error }) => error != null && !name.startsWith("tiff")))(
  "refuses as the command does: $name",
  async (kind) => {
    await expect(read(contentOf(kind), kind.name)).rejects.toThrow(kind.error!);
  },
);

it("says that it reads no TIFF", async () => {
  const tiff = kinds.filter(({ name }) => name.startsWith("tiff u1, BigTIFF") || name === "tiff i2 >");
  for (const kind of tiff)
    await expect(read(contentOf(kind), kind.name)).rejects.toThrow("it is a TIFF picture");
  expect(tiff).toHaveLength(2);
});

it("reads gzip of several members and with zeros after them, of slices and volumes", async () => {
  for (const shape of [
    [3, 4, 1],
    [3, 4, 5],
  ]) {
    const values = Float32Array.from({ length: shape[0]! * shape[1]! * shape[2]! }, (_, index) => index);
    const bytes = encodeNifti(values, { shape, type: "int16" });
    const packed = Buffer.concat([
      gzipSync(bytes.subarray(0, 360)),
      gzipSync(bytes.subarray(360)),
      Buffer.alloc(512),
    ]);
    const [one, several] = [await read(gzipSync(bytes), "one"), await read(packed, "several")];
    const sliceOf = (scan: typeof one) => (scan.kind === "slice" ? scan.image : scan.slice(2, 4));
    expect(sliceOf(several)).toEqual(sliceOf(one));
  }
});
