import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { crc32, type Random, random } from "@slicebook/base";
import { encodeNifti } from "@slicebook/datasets";
import { decodeFile } from "@slicebook/datasets/node";
import sharp from "sharp";
import { mutatedBytes } from "./mutate.ts";

/** Whole pictures, by the ending of their files. */
export type Pictures = ReadonlyMap<string, readonly Uint8Array[]>;

/** Small pictures of each format, type and packing. */
export async function wholePictures(): Promise<Pictures> {
  const values = Float32Array.from({ length: 120 }, (_, pixel) => (pixel * 37) % 251);
  const nifti = [
    encodeNifti(values, { shape: [12, 10], type: "int16" }),
    encodeNifti(values, { shape: [12, 10], type: "float64", slope: 0.5, intercept: -3 }),
    encodeNifti(values, { shape: [12, 10], type: "uint16", version: 2 }),
    encodeNifti(values, { shape: [12, 10, 1], type: "float32", littleEndian: false }),
    encodeNifti(values, { shape: [6, 5, 4], type: "int16" }),
  ];
  const raw = (channels: 1 | 3 | 4) => {
    const data = Uint8Array.from(random(0, "picture").uniforms(channels * 40 * 33, 0, 256));
    return sharp(data, { raw: { width: 40, height: 33, channels } });
  };
  const grey = () => raw(1).toColourspace("b-w");
  return new Map<string, readonly Uint8Array[]>([
    ["nii", nifti],
    ["nii.gz", nifti],
    ["hdr", nifti.map(asPair)],
    [
      "png",
      await Promise.all([
        grey().png().toBuffer(),
        raw(1).toColourspace("grey16").png().toBuffer(),
        raw(3).png().toBuffer(),
        raw(4).png().toBuffer(),
        raw(3).png({ palette: true }).toBuffer(),
        grey().png({ progressive: true }).toBuffer(),
      ]),
    ],
    [
      "jpg",
      await Promise.all([
        grey().jpeg().toBuffer(),
        grey().jpeg({ progressive: true }).toBuffer(),
        raw(3).jpeg().toBuffer(),
        raw(3).jpeg({ chromaSubsampling: "4:4:4" }).withMetadata({ orientation: 6 }).toBuffer(),
      ]),
    ],
    [
      "tif",
      await Promise.all([
        grey().tiff({ compression: "none" }).toBuffer(),
        grey().tiff({ compression: "lzw", predictor: "horizontal" }).toBuffer(),
        grey().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
        raw(1).toColourspace("grey16").tiff({ compression: "none" }).toBuffer(),
        raw(3).tiff({ compression: "jpeg" }).toBuffer(),
      ]),
    ],
    [
      "webp",
      await Promise.all([
        grey().webp().toBuffer(),
        raw(4).webp({ lossless: true }).toBuffer(),
        raw(3).webp({ nearLossless: true }).toBuffer(),
      ]),
    ],
  ]);
}

/** Damages a picture, writes it and reads it as a data set does. */
export async function fuzzPicture(pictures: Pictures, draw: Random, folder: string): Promise<void> {
  const endings = [...pictures.keys()];
  const ending = endings[draw.integer(endings.length)]!;
  const sources = pictures.get(ending)!;
  const pick = () => sources[draw.integer(sources.length)]!;
  const path = join(folder, `picture.${ending}`);
  let bytes = mutatedBytes(pick(), pick(), draw);
  // What is packed or has checksums is mostly refused for those: much of it is damaged first, then packed.
  if (ending === "nii.gz") {
    const packed = gzipSync(bytes);
    bytes = draw.uniform() < 0.6 ? packed : mutatedBytes(packed, gzipSync(pick()), draw);
  }
  if (ending === "png" && draw.uniform() < 0.7) bytes = withChecksums(bytes);
  if (ending === "hdr") {
    const [header, image] = [bytes.subarray(0, 352), bytes.subarray(352)];
    await writeFile(join(folder, "picture.img"), draw.uniform() < 0.9 ? image : header);
    bytes = header;
  }
  await writeFile(path, bytes);
  const volume = /^(nii|hdr)/.test(ending) && draw.uniform() < 0.3;
  const { height, width, values } = await decodeFile(
    path,
    volume ? { plane: 2, slice: draw.integer(4) } : {},
  );
  if (values.length !== height * width) {
    throw new Error(`${values.length} values for ${height} rows of ${width}`);
  }
}

/** The header of a pair before its image: the offset of the values is 0 in it, and its magic `ni1`. */
function asPair(nifti: Uint8Array): Uint8Array {
  const bytes = Buffer.from(nifti);
  if (bytes.readInt32LE(0) === 348) {
    bytes.writeFloatLE(0, 108);
    bytes.write("ni1\0", 344, "latin1");
  }
  return bytes;
}

/** A PNG whose chunks have the checksums of what is in them, as far as chunks can be told. */
function withChecksums(bytes: Buffer): Buffer {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}
