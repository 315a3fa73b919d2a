/** What the first directory of a TIFF file says of its values. */
export interface TiffDirectory {
  /** Pages of full size, without thumbnails, reduced copies and masks. */
  readonly pages: number;
  readonly height: number;
  readonly width: number;
  readonly compression: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 CIELab. */
  readonly photometric: number;
  readonly samples: number;
  /** Of each sample. */
  readonly bits: number;
  readonly format: "unsigned" | "signed" | "float" | "complex";
  /** Samples beside those of grey or colour, of which the first may be alpha. */
  readonly extra: number;
  /** As EXIF's. */
  readonly orientation: number;
  /** 1 none, 2 differences, 3 differences of floats. */
  readonly predictor: number;
  readonly littleEndian: boolean;
  readonly fields: Fields;
}

/** The fields of a directory by their tags, and where each value is in the file. */
export type Fields = ReadonlyMap<number, Field>;

export interface Field {
  readonly values: readonly number[];
  readonly at: number;
  /** Bytes of each value. */
  readonly size: 1 | 2 | 4 | 8;
}

/** More directories than this are not a slice with its thumbnails; looking at each takes the general decoder time. */
const MOST_DIRECTORIES = 256;

export const TIFF_TAGS = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  orientation: 274,
  samples: 277,
  predictor: 317,
  tileWidth: 322,
  extra: 338,
  format: 339,
};

/** Sample formats by their numbers in the file; one that is not named (4) is read as unsigned. */
const FORMATS = ["unsigned", "unsigned", "signed", "float", "unsigned", "complex", "complex"] as const;

/** Bits of the subfile type that mark a reduced copy and a mask of another page. */
const BESIDE = 0b101;

/** Whether bytes start like a TIFF or BigTIFF file. */
export function isTiff(bytes: Uint8Array): boolean {
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(start);
}

/**
 * Reads what a TIFF or BigTIFF file says of itself (TIFF 6.0, section 2), without its values.
 *
 * Throws an `Error` if it is damaged, or has more directories than a slice needs.
 */
export function readTiffDirectory(bytes: Uint8Array): TiffDirectory {
  const read = reader(bytes);
  const first = read.directory(read.start);
  let pages = isPage(first.fields) ? 1 : 0;
  const seen = new Set([read.start]);
  for (let at = first.next; at !== 0; ) {
    if (seen.size === MOST_DIRECTORIES) throw new Error(`it has more than ${MOST_DIRECTORIES} pages`);
    if (seen.has(at)) throw new Error("its list of pages runs in a circle");
    seen.add(at);
    const { fields, next } = read.directory(at);
    if (isPage(fields)) pages += 1;
    at = next;
  }
  const number = (tag: number, otherwise: number) => first.fields.get(tag)?.values[0] ?? otherwise;
  const bits = first.fields.get(TIFF_TAGS.bits)?.values ?? [1];
  const formats = first.fields.get(TIFF_TAGS.format)?.values ?? [1];
  if (new Set(bits).size > 1 || new Set(formats).size > 1)
    throw new Error("its samples are of several types");
  return {
    pages,
    height: number(TIFF_TAGS.height, 0),
    width: number(TIFF_TAGS.width, 0),
    compression: number(TIFF_TAGS.compression, 1),
    photometric: number(TIFF_TAGS.photometric, 1),
    samples: number(TIFF_TAGS.samples, 1),
    bits: bits[0]!,
    format: FORMATS[formats[0]!] ?? "unsigned",
    extra: first.fields.get(TIFF_TAGS.extra)?.values.length ?? 0,
    orientation: number(TIFF_TAGS.orientation, 1),
    predictor: number(TIFF_TAGS.predictor, 1),
    littleEndian: read.little,
    fields: first.fields,
  };
}

function isPage(fields: Fields): boolean {
  return ((fields.get(TIFF_TAGS.subfileType)?.values[0] ?? 0) & BESIDE) === 0;
}

/** The bytes of a value of each type of field that holds whole numbers. */
const FIELD_BYTES: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
const TAGS: readonly number[] = Object.values(TIFF_TAGS);
/** Samples of which more is not read. */
const MOST_VALUES = 64;

function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const big = attempt(() => view.getUint16(2, little)) === 43;
  const number = (at: number, size: 1 | 2 | 4 | 8) =>
    attempt(() => {
      if (size === 1) return view.getUint8(at);
      if (size === 2) return view.getUint16(at, little);
      return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
    });
  const wide = big ? 8 : 4;
  const entryBytes = big ? 20 : 12;
  return {
    little,
    start: number(big ? 8 : 4, wide),
    directory(at: number): { readonly fields: Fields; readonly next: number } {
      const count = number(at, big ? 8 : 2);
      const entries = at + (big ? 8 : 2);
      const next = number(entries + count * entryBytes, wide);
      const fields = new Map<number, Field>();
      for (let entry = entries; entry < entries + count * entryBytes; entry += entryBytes) {
        const tag = number(entry, 2);
        const size = FIELD_BYTES[number(entry + 2, 2)];
        if (size === undefined || !TAGS.includes(tag)) continue;
        const count = number(entry + 4, wide);
        const valueField = entry + 4 + wide;
        const from = count * size <= wide ? valueField : number(valueField, wide);
        const values = Array.from({ length: Math.min(count, MOST_VALUES) }, (_, index) =>
          number(from + index * size, size),
        );
        fields.set(tag, { values, at: from, size });
      }
      return { fields, next };
    },
  };
}

function attempt(read: () => number): number {
  try {
    return read();
  } catch (cause) {
    throw new Error("it is damaged or cut off", { cause });
  }
}
