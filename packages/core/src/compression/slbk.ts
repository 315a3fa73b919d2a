import { crc32, SlicebookError } from "@slicebook/base";

/*
 * A compressed slice, little-endian:
 *
 *     bytes 0–3  "SLBK"    4  version, 1
 *           5    0 if there is no affine, else NIfTI's code of the space it leads to, 1 to 5, with 255 for the code 0
 *           6    original's type (place in SLBK_TYPES)    7  size policy (place in POLICIES)
 *           8–11 original's height and width, uint16 each    12–15  the same of the slice as the model has it
 *          16–23 first 8 bytes of the SHA-256 of the model's file    24–27  checksum of the code tables, uint32
 *          28–43 offset and scale of the slice's preprocessing, float64 each
 *          44–51 least and greatest value of the original, float32 each
 *          52–99 the affine's first three rows, float32 each; only where there is one
 *     then the codes (`packCodes`), and as the last 4 bytes the CRC-32 of all before, uint32
 */

const MAGIC = "SLBK";
const VERSION = 1;
const FIXED_BYTES = 52;
const AFFINE_BYTES = 48;
const CHECKSUM_BYTES = 4;
const HASH_BYTES = 8;
/** The largest of NIfTI's codes of spaces, and what stands for the code 0. */
const LARGEST_CODE = 5;
const UNPLACED = 255;

/** Types of pixels in the originals' files, by their numbers. */
export const SLBK_TYPES = [
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
  "rgb24",
  "rgba32",
] as const;

/** How an original is brought to a size, by their numbers. */
export const POLICIES = ["none", "pad", "crop", "resize"] as const;

/** What a compressed slice needs besides its codes to be restored. */
export interface SlbkHeader {
  /** What the original was: its size in pixels, the type in its file, its range in its own units. */
  readonly original: {
    readonly size: readonly [height: number, width: number];
    readonly type: (typeof SLBK_TYPES)[number];
    /** As float32. */
    readonly range: readonly [low: number, high: number];
  };
  /** The slice as the model has it. */
  readonly size: readonly [height: number, width: number];
  /** How the original was brought to that size. */
  readonly policy: (typeof POLICIES)[number];
  /** The first 16 hexadecimal digits of the model file's SHA-256. */
  readonly model: string;
  /** `tablesChecksum` of the tables that the codes are written by. */
  readonly tables: number;
  /** `preprocessed = (original − offset) × scale`, for the way back. */
  readonly map: { readonly offset: number; readonly scale: number };
  /** Three or four rows of the matrix from voxel indices to millimetres, as float32; of NIfTI originals. */
  readonly affine: readonly (readonly number[])[] | undefined;
  /** NIfTI's code of the space that the affine leads to, 0 to 5; 1 unless given. */
  readonly affineCode?: number | undefined;
}

/** Bytes that a file has besides its packed codes. */
export function slbkOverhead({ affine }: { readonly affine: boolean }): number {
  return FIXED_BYTES + (affine ? AFFINE_BYTES : 0) + CHECKSUM_BYTES;
}

/** The bytes of a `.slbk` file. */
export function encodeSlbk(header: SlbkHeader, codes: Uint8Array): Uint8Array {
  const { original, size, policy, model, tables, map, affine, affineCode = 1 } = header;
  const overhead = slbkOverhead({ affine: affine !== undefined });
  const bytes = new Uint8Array(overhead + codes.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes[4] = VERSION;
  bytes[5] = affine === undefined ? 0 : affineCode === 0 ? UNPLACED : affineCode;
  bytes[6] = SLBK_TYPES.indexOf(original.type);
  bytes[7] = POLICIES.indexOf(policy);
  for (const [index, side] of [...original.size, ...size].entries())
    view.setUint16(8 + 2 * index, side, true);
  for (let byte = 0; byte < HASH_BYTES; byte++) {
    bytes[16 + byte] = Number.parseInt(model.slice(2 * byte, 2 * byte + 2), 16);
  }
  view.setUint32(24, tables, true);
  view.setFloat64(28, map.offset, true);
  view.setFloat64(36, map.scale, true);
  view.setFloat32(44, original.range[0], true);
  view.setFloat32(48, original.range[1], true);
  for (const [index, value] of (affine ?? []).slice(0, 3).flat().entries()) {
    view.setFloat32(FIXED_BYTES + 4 * index, value, true);
  }
  bytes.set(codes, overhead - CHECKSUM_BYTES);
  view.setUint32(bytes.length - CHECKSUM_BYTES, crc32(bytes.subarray(0, -CHECKSUM_BYTES)), true);
  return bytes;
}

/** Reads what {@link encodeSlbk} wrote; throws `SLBK_INVALID` for what is not such a file, of another version or damaged. */
export function decodeSlbk(bytes: Uint8Array): { readonly header: SlbkHeader; readonly codes: Uint8Array } {
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw invalidSlbk(`it begins with ${JSON.stringify(magic)}, not with "${MAGIC}"`);
  const least = slbkOverhead({ affine: false });
  if (bytes.length < least) throw invalidSlbk(`it is cut off: ${bytes.length} bytes, of at least ${least}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - CHECKSUM_BYTES;
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) {
    throw invalidSlbk("it is damaged or cut off: its checksum is not that of its bytes");
  }
  if (bytes[4] !== VERSION)
    throw invalidSlbk(`it is of version ${bytes[4]}, of which only ${VERSION} is known`);
  const type = SLBK_TYPES[bytes[6]!];
  const policy = POLICIES[bytes[7]!];
  const withAffine = bytes[5] !== 0;
  const start = slbkOverhead({ affine: withAffine }) - CHECKSUM_BYTES;
  if (
    type === undefined ||
    policy === undefined ||
    (bytes[5]! > LARGEST_CODE && bytes[5] !== UNPLACED) ||
    start > end
  ) {
    throw invalidSlbk("its header makes no sense");
  }
  const side = (index: number) => view.getUint16(8 + 2 * index, true);
  const row = (number: number) =>
    [0, 1, 2, 3].map((column) => view.getFloat32(FIXED_BYTES + 4 * (4 * number + column), true));
  const header: SlbkHeader = {
    original: {
      size: [side(0), side(1)],
      type,
      range: [view.getFloat32(44, true), view.getFloat32(48, true)],
    },
    size: [side(2), side(3)],
    policy,
    model: Array.from(bytes.subarray(16, 16 + HASH_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    ),
    tables: view.getUint32(24, true),
    map: { offset: view.getFloat64(28, true), scale: view.getFloat64(36, true) },
    affine: withAffine ? [row(0), row(1), row(2), [0, 0, 0, 1]] : undefined,
    ...(withAffine && { affineCode: bytes[5] === UNPLACED ? 0 : bytes[5]! }),
  };
  return { header, codes: bytes.slice(start, end) };
}

/** The error of a file that is none, or damaged. */
export function invalidSlbk(why: string): SlicebookError {
  return new SlicebookError("SLBK_INVALID", `this is not a slice that Slicebook compressed: ${why}`, {
    remedy: "Copy the file again, or compress the original anew.",
  });
}
