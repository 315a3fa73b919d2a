import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync, gzipSync, inflateSync } from "node:zlib";
import { isSlicebookError, type Random, random } from "@slicebook/base";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodeNifti, readNifti } from "../../../src/index.ts";
import { decodeFile } from "../../../src/node.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

// A longer run by hand: SLICEBOOK_FUZZ=100000 SLICEBOOK_FUZZ_SEED=7 npx vitest run test/fuzz.test.ts
const COUNT = Number(process.env.SLICEBOOK_FUZZ ?? 1200);
const SEED = Number(process.env.SLICEBOOK_FUZZ_SEED ?? 0);
const MIB = 2 ** 20;

/** What all files are to do: be read, or be refused by one error that names the file and says why. */
async function readsOrRefuses(path: string, options: Parameters<typeof decodeFile>[1] = {}) {
  const outcome = await decodeFile(path, options).catch((error: unknown) => error);
  if (outcome instanceof Error) {
    if (!isSlicebookError(outcome)) throw outcome;
    expect(outcome.code).toBe("SLICE_UNREADABLE");
    expect(outcome.message.startsWith(`${path} cannot be read: `)).toBe(true);
    expect(outcome.message.length).toBeGreaterThan(`${path} cannot be read: `.length + 5);
    expect(outcome.message).not.toMatch(/\n|undefined|\[object/);
    expect(outcome.remedy).toBeDefined();
    return "refused";
  }
  const { height, width, values } = outcome as Awaited<ReturnType<typeof decodeFile>>;
  expect(values.length).toBe(height * width);
  return "read";
}

const SIZE = [12, 10] as const;
const VALUES = Float32Array.from({ length: 120 }, (_, pixel) => (pixel * 37) % 251);

async function sources(): Promise<Record<"nifti" | "png" | "jpeg", Uint8Array[]>> {
  const nifti = [
    encodeNifti(VALUES, { shape: [...SIZE], type: "int16" }),
    encodeNifti(VALUES, { shape: [...SIZE], type: "float64", slope: 0.5, intercept: -3 }),
    encodeNifti(VALUES, { shape: [...SIZE], type: "uint16", version: 2 }),
    encodeNifti(VALUES, { shape: [...SIZE, 1], type: "float32", littleEndian: false }),
    encodeNifti(VALUES, { shape: [6, 5, 4], type: "int16" }),
  ];
  const raw = (channels: 1 | 3 | 4, wide = 40, high = 33) => {
    const data = random(0, "picture").uniforms(channels * wide * high, 0, 256);
    return sharp(Uint8Array.from(data), { raw: { width: wide, height: high, channels } });
  };
  return {
    nifti: [...nifti, ...nifti.map((bytes) => gzipSync(bytes))],
    png: await Promise.all([
      raw(1).toColourspace("b-w").png().toBuffer(),
      raw(1).toColourspace("grey16").png().toBuffer(),
      raw(3).png().toBuffer(),
      raw(4).png().toBuffer(),
      raw(3).png({ palette: true }).toBuffer(),
      raw(1).toColourspace("b-w").png({ progressive: true }).toBuffer(),
    ]),
    jpeg: await Promise.all([
      raw(1).toColourspace("b-w").jpeg().toBuffer(),
      raw(1).toColourspace("b-w").jpeg({ progressive: true }).toBuffer(),
      raw(3).jpeg().toBuffer(),
      raw(3)
        .jpeg({ chromaSubsampling: "4:4:4", optimiseCoding: true })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    ]),
  };
}

/** Changes some bytes, or cuts, doubles, or mixes parts; headers are hit more often than the rest. */
function mutated(bytes: Uint8Array, other: Uint8Array, draw: Random): Uint8Array {
  let out: Uint8Array = new Uint8Array(bytes); // a copy, which a Buffer's slice() is not
  for (let changes = 1 + draw.integer(4); changes > 0; changes--) {
    if (out.length < 2) return out;
    const reach = draw.uniform() < 0.6 ? Math.min(out.length, 400) : out.length;
    const at = draw.integer(reach);
    const kind = draw.integer(8);
    if (kind <= 1) out[at]! ^= 1 << draw.integer(8);
    else if (kind === 2) out[at] = draw.integer(256);
    else if (kind === 3) {
      const end = Math.min(out.length, at + 1 + draw.integer(8));
      out.fill([0, 0x7f, 0x80, 0xff][draw.integer(4)]!, at, end);
    } else if (kind === 4) out = out.slice(0, at);
    else if (kind === 5) out = joined(out.subarray(0, at), out.subarray(at + 1 + draw.integer(64)));
    else if (kind === 6) out = joined(out.subarray(0, at), out.subarray(Math.max(0, at - draw.integer(64))));
    else out = joined(out.subarray(0, at), other.subarray(draw.integer(other.length)));
  }
  return out;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

describe("damaged files", () => {
  it.each(["nifti", "png", "jpeg"] as const)(
    "are read or refused by one clear error, at once and in little memory: %s",
    async (kind) => {
      const folder = await temporaryFolder();
      const files = (await sources())[kind];
      const found = { read: 0, refused: 0 };
      let slowest = 0;
      for (let number = 0; number < COUNT / 3; number++) {
        const draw = random(SEED, "fuzz", kind, number);
        const pick = () => files[draw.integer(files.length)]!;
        let bytes = mutated(pick(), pick(), draw);
        // What is packed is mostly refused for its checksum: some is damaged first, then packed.
        if (kind === "nifti" && draw.uniform() < 0.3) bytes = gzipSync(bytes);
        if (kind === "png") bytes = withPngChecksums(draw.uniform() < 0.3 ? repacked(pick(), draw) : bytes);
        const path = join(folder, `${number}.${kind}`);
        await writeFile(path, bytes);
        const start = performance.now();
        const volume = kind === "nifti" && draw.uniform() < 0.3 ? ({ plane: 2, slice: 1 } as const) : {};
        found[await readsOrRefuses(path, volume)] += 1;
        slowest = Math.max(slowest, performance.now() - start);
        await rm(path);
      }
      expect(found.read).toBeGreaterThan(0);
      expect(found.refused).toBeGreaterThan(COUNT / 30);
      expect(slowest).toBeLessThan(5000);
      expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1024);
    },
  );

  it("are refused in the browser's decoder too", async () => {
    const files = (await sources()).nifti;
    for (let number = 0; number < COUNT / 6; number++) {
      const draw = random(SEED, "fuzz-pure", number);
      const pick = () => files[draw.integer(files.length)]!;
      const outcome = await readNifti(mutated(pick(), pick(), draw)).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "NIFTI_INVALID" });
    }
  });
});

describe("bombs", () => {
  const zeros = (bytes: number) => new Uint8Array(bytes);
  const nifti = (shape: readonly number[], tail: Uint8Array = zeros(0)) => {
    const bytes = joined(encodeNifti([0], { shape: [1, 1], type: "float64" }), tail);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setInt16(40, shape.length, true);
    for (const [axis, side] of shape.entries()) view.setInt16(42 + 2 * axis, side, true);
    return bytes;
  };

  /** Zeros in gzip members of 32 MiB each, which make one file. */
  const packedZeros = (mebibytes: number) => joined(...Array(mebibytes / 32).fill(gzipSync(zeros(32 * MIB))));

  it.each([
    ["a slice of 32767×32767 float64 values", () => nifti([32767, 32767]), "pixels, of at most 16777216"],
    ["the same, packed", () => gzipSync(nifti([32767, 32767])), "pixels, of at most 16777216"],
    ["seven axes of 32767", () => gzipSync(nifti(Array(7).fill(32767))), "neither a slice nor a volume"],
    [
      "a volume of 2048 slices",
      () => joined(gzipSync(nifti([256, 256, 2048])), packedZeros(1024)),
      "1073742176 bytes of at most 536870912",
    ],
    [
      "more than its header announces",
      () => joined(gzipSync(nifti([2, 2])), packedZeros(1024)),
      "it unpacks to more than its header announces",
    ],
    ["packed zeros", () => packedZeros(1024), "it does not start with a NIfTI header"],
    ["a PNG of 60000×60000", () => png(60_000, 60_000, deflatedZeros(16)), " cannot be read: "],
    [
      "a PNG of 2³¹−1 pixels a side",
      () => png(2 ** 31 - 1, 2 ** 31 - 1, deflatedZeros(16)),
      " cannot be read: ",
    ],
    ["a PNG with far more data than pixels", () => png(8, 8, deflatedZeros(64 * MIB)), undefined],
    ["a JPEG of 65500×65500", () => jpeg(65_500, 65_500), " cannot be read: "],
  ])("are defused: %s", async (name, make, message) => {
    const folder = await temporaryFolder({ bomb: make() });
    const path = join(folder, "bomb");
    const options = name.includes("volume") ? ({ plane: 2, slice: 0 } as const) : {};
    const start = performance.now();
    const outcome = await readsOrRefuses(path, options);
    expect(performance.now() - start).toBeLessThan(5000);
    if (message !== undefined) {
      expect(outcome).toBe("refused");
      await expect(decodeFile(path, options)).rejects.toThrow(message);
    }
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1024);
  });

  it("are not seen in a large volume", async () => {
    const shape = [256, 256, 511];
    const folder = await temporaryFolder({ volume: joined(gzipSync(nifti(shape)), packedZeros(256)) });
    const { values } = await decodeFile(join(folder, "volume"), { plane: 2, slice: 510 });
    expect(values).toEqual(new Float64Array(256 * 256));
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1024);
  });
});

/** Zeros, deflated. */
function deflatedZeros(bytes: number): Uint8Array {
  return deflateSync(new Uint8Array(bytes));
}

function png(width: number, height: number, data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const chunks = [pngChunk("IHDR", header), pngChunk("IDAT", data), pngChunk("IEND", new Uint8Array(0))];
  return joined(Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), ...chunks);
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** Fixes the checksums of a PNG file's chunks as far as they can be followed. */
function withPngChecksums(bytes: Uint8Array): Uint8Array {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + out.readUInt32BE(at);
    if (end + 4 > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return out;
}

/** A PNG file whose filtered rows are damaged before they are packed. */
function repacked(bytes: Uint8Array, draw: Random): Uint8Array {
  const out = Buffer.from(bytes);
  const at = out.indexOf("IDAT") - 4;
  const end = at + 12 + out.readUInt32BE(at);
  const rows = inflateSync(out.subarray(at + 8, end - 4));
  return joined(
    out.subarray(0, at),
    pngChunk("IDAT", deflateSync(mutated(rows, rows, draw))),
    out.subarray(end),
  );
}

/** A grey JPEG file's headers for a size, with hardly any data behind them. */
function jpeg(width: number, height: number): Uint8Array {
  const bytes = Buffer.from(SMALL_JPEG);
  const frame = bytes.indexOf(Uint8Array.from([0xff, 0xc0]));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

const SMALL_JPEG = await sharp(new Uint8Array(64), { raw: { width: 8, height: 8, channels: 1 } })
  .toColourspace("b-w")
  .jpeg()
  .toBuffer();
