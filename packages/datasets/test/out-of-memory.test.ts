import { execFileSync } from "node:child_process";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { z } from "zod";
import { unreadable } from "../src/formats/node/decode-file.ts";
import { type DatasetAdapter, encodeNifti, preprocessSlice, SPLITS } from "../src/index.ts";
import { decodeFile, inspectDataset, openDataset } from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const data = Uint8Array.from({ length: 64 * 64 }, (_, pixel) => (pixel * 7) % 251);
const picture = sharp(data, { raw: { width: 64, height: 64, channels: 1 } });

it.runIf(process.platform === "linux")("reads JPEG where there is no room for WebAssembly", async () => {
  const root = await temporaryFolder({ "a.jpg": await picture.toColourspace("b-w").jpeg().toBuffer() });
  const path = join(root, "a.jpg");
  const program = `
    const { decodeFile } = await import(${JSON.stringify(import.meta.resolve("../dist/node.js"))});
    for (let times = 0; times < 2; times++) {
      const { values } = await decodeFile(${JSON.stringify(path)});
      console.log(values.join());
    }`;
  const script = 'ulimit -v 4000000 && exec "$0" --input-type=module -e "$1" 2>&1';
  const output = execFileSync("sh", ["-c", script, process.execPath, program], { encoding: "utf8" });
  const line = (await decodeFile(path)).values.join();
  expect(output).toBe(`${line}\n${line}\n`);
});

it.runIf(process.platform === "linux")("preprocesses slices where there is no room for WebAssembly", () => {
  const program = `
    const { preprocessSlice } = await import(${JSON.stringify(import.meta.resolve("../dist/index.js"))});
    const out = new Float32Array(6);
    preprocessSlice({ name: "minmax" }, Uint8Array.of(3, 5, 7, 9, 11, 13), out);
    console.log(out.join());`;
  const script = 'ulimit -v 4000000 && exec "$0" --input-type=module -e "$1" 2>&1';
  const output = execFileSync("sh", ["-c", script, process.execPath, program], { encoding: "utf8" });
  const out = new Float32Array(6);
  preprocessSlice({ name: "minmax" }, Uint8Array.of(3, 5, 7, 9, 11, 13), out);
  expect(output).toBe(`${out.join()}\n`);
});

/** What other parts say when memory is missing. */
const errors = [
  new RangeError("Array buffer allocation failed"),
  new Error("glib: Error creating thread: Resource temporarily unavailable"),
  Object.assign(new Error("cannot allocate memory, read"), { code: "ENOMEM" }),
  new Error("VipsJpeg: Insufficient memory (case 4)"),
];

it.each(errors)("does not blame files for it, nor leave them out: $message", async (error) => {
  const adapter: DatasetAdapter<unknown> = {
    name: "starving",
    description: "",
    schema: z.unknown(),
    defaultSize: () => [8, 8],
    list: async () => ({
      records: SPLITS.map((split) => ({ path: split, split, subject: split, slice: 0, name: split })),
      ignored: [],
      places: { train: "", validate: "", test: "" },
    }),
    decode: async () => {
      throw error;
    },
  };
  const config = { adapter: "starving", onUnreadable: "skip" as const };
  const expected = {
    code: "OUT_OF_MEMORY",
    message: `there is not enough memory to read train: ${error.message}`,
  };
  await expect(openDataset(config, { adapters: [adapter] })).rejects.toMatchObject(expected);
  await expect(inspectDataset(config, { adapters: [adapter] })).rejects.toMatchObject(expected);
});

it("blames a damaged file for the memory that it asks for", () => {
  const warning = "Warning treated as error due to failOn setting\ntiff: Cannot allocate memory for a tag";
  expect(unreadable("a.tif", new Error(warning)).code).toBe("SLICE_UNREADABLE");
});

it("blames a file that unpacks to more than it says", async () => {
  const { gzipSync } = await import("node:zlib");
  const bytes = Buffer.concat([encodeNifti([1], { shape: [1, 1], type: "uint8" }), Buffer.alloc(2 ** 22)]);
  const root = await temporaryFolder({ "a.nii.gz": gzipSync(bytes) });
  await expect(decodeFile(join(root, "a.nii.gz"))).rejects.toMatchObject({
    code: "SLICE_UNREADABLE",
    message: expect.stringContaining("it unpacks to more than its header announces"),
  });
});
