import { UNKNOWN } from "../prior/conditions.ts";
import type { ByteReader, ByteWriter } from "./byte-stream.ts";
import { POLICIES, SLBK_TYPES, type SlbkHeader } from "./slbk.ts";

/** What a slice that is coded by a prior needs besides its codes to be restored. */
export interface SliceRecord {
  readonly original: {
    /** Undefined where it has the model's own. */
    readonly size: readonly [height: number, width: number] | undefined;
    readonly type: SlbkHeader["original"]["type"];
    /** In its own units, as float32; undefined of a slice that has a place, which is restored in these units. */
    readonly range: readonly [low: number, high: number] | undefined;
  };
  readonly policy: SlbkHeader["policy"];
  /** `preprocessed = (original − offset) × scale`; offset and 1 / scale as float32. */
  readonly map: SlbkHeader["map"];
  readonly affine: SlbkHeader["affine"];
  readonly affineCode?: SlbkHeader["affineCode"];
  /** What the prior was told: a class's number, a position in the scan to 1 part in 254, −1 if unknown. */
  readonly told: Readonly<Partial<Record<"labels" | "slicePositions", number>>>;
}

const PLACED = 64;
const TOLD = 128;
const ROWS = [0, 1, 2] as const;
const COLUMNS = [0, 1, 2, 3] as const;
/** The largest of NIfTI's codes of spaces. */
const LARGEST_CODE = 5;
/** Bits of what the prior is told. */
const LABELS = 0;
const POSITIONS = 1;
/** Positions are kept as 1 + as many parts of the scan as this; 0: unknown. */
const POSITION_PARTS = 254;

/**
 * Writes a record, in as few bytes as it takes; `before` is that of the slice before it, of whose affine only what differs
 * is written.
 *
 *     bits 0–3  original's type (place in SLBK_TYPES)    4–5  size policy (place in POLICIES)
 *          6    whether there is an affine               7    whether the prior was told of the slice
 *     2 bits each: how offset, 1 / scale, least and greatest value are written: 0 it is 0, 1 uint8, 2 float32, 3 int16
 *     these numbers; least and greatest value only without an affine
 *     unless the policy is "none": the original's height and width, varints
 *     with an affine: NIfTI's code of its space, a byte; a bit for each of its 12 numbers that differs from `before`
 *     (from 0 without), int16; these numbers, float32
 *     if the prior was told: bit 0: of a class, bit 1: of a position; the class's number, varint; the position, a byte:
 *     0 unknown, else 1 + 254 × position
 */
export function writeRecord(writer: ByteWriter, record: SliceRecord, before?: SliceRecord): void {
  const { original, policy, map, affine, affineCode = 1, told } = record;
  const isTold = Object.keys(told).length > 0;
  writer.byte(
    SLBK_TYPES.indexOf(original.type) +
      16 * POLICIES.indexOf(policy) +
      (affine === undefined ? 0 : PLACED) +
      (isTold ? TOLD : 0),
  );
  const numbers = [map.offset, 1 / map.scale, ...(original.range ?? [])];
  const forms = numbers.map(formOf);
  writer.byte(forms.reduce((bits, form, index) => bits + form * 4 ** index, 0));
  for (const [index, number] of numbers.entries()) writeNumber(writer, number, forms[index]!);
  if (policy !== "none") for (const side of original.size ?? []) writer.varint(side);
  if (affine !== undefined) {
    writer.byte(affineCode);
    const known = before?.affine ?? [];
    const changed: number[] = [];
    let bits = 0;
    for (const row of ROWS) {
      for (const column of COLUMNS) {
        const value = Math.fround(affine[row]![column]!);
        if (value === Math.fround(known[row]?.[column] ?? 0)) continue;
        bits += 2 ** (4 * row + column);
        changed.push(value);
      }
    }
    writer.int16(bits);
    for (const value of changed) writer.float32(value);
  }
  if (!isTold) return;
  const { labels, slicePositions } = told;
  writer.byte((labels === undefined ? 0 : 2 ** LABELS) + (slicePositions === undefined ? 0 : 2 ** POSITIONS));
  if (labels !== undefined) writer.varint(labels);
  if (slicePositions !== undefined) {
    writer.byte(slicePositions === UNKNOWN ? 0 : 1 + Math.round(POSITION_PARTS * slicePositions));
  }
}

/** Reads what {@link writeRecord} wrote; throws a `RangeError` for what it did not. */
export function readRecord(reader: ByteReader, before?: SliceRecord): SliceRecord {
  const first = reader.byte();
  const type = SLBK_TYPES[first % 16];
  const policy = POLICIES[Math.floor(first / 16) % 4];
  if (type === undefined || policy === undefined) throw new RangeError("its header makes no sense");
  const isPlaced = (first & PLACED) !== 0;
  const forms = reader.byte();
  const number = (index: number) => readNumber(reader, Math.floor(forms / 4 ** index) % 4);
  const [offset, unit] = [number(0), number(1)];
  const range = isPlaced ? undefined : ([number(2), number(3)] as const);
  const size = policy === "none" ? undefined : ([reader.varint(), reader.varint()] as const);
  const affineCode = isPlaced ? reader.byte() : undefined;
  if (affineCode !== undefined && affineCode > LARGEST_CODE)
    throw new RangeError("its affine makes no sense");
  const affine = isPlaced ? readAffine(reader, before?.affine) : undefined;
  const told = (first & TOLD) === 0 ? {} : readTold(reader);
  return {
    original: { size, type, range },
    policy,
    map: { offset, scale: 1 / unit },
    affine,
    ...(affineCode !== undefined && { affineCode }),
    told,
  };
}

/** The least of the forms that keep a number as float32 does. */
function formOf(number: number): number {
  if (number === 0) return 0;
  if (!Number.isInteger(number) || number < -(2 ** 15) || number >= 2 ** 15) return 2;
  return number > 0 && number < 256 ? 1 : 3;
}

function writeNumber(writer: ByteWriter, number: number, form: number): void {
  if (form === 1) writer.byte(number);
  if (form === 2) writer.float32(number);
  if (form === 3) writer.int16(number);
}

function readNumber(reader: ByteReader, form: number): number {
  if (form === 0) return 0;
  if (form === 1) return reader.byte();
  return form === 2 ? reader.float32() : reader.int16();
}

function readAffine(reader: ByteReader, known: SliceRecord["affine"]): number[][] {
  const bits = reader.int16();
  const rows = ROWS.map((row) =>
    COLUMNS.map((column) =>
      (bits & (2 ** (4 * row + column))) === 0 ? (known?.[row]?.[column] ?? 0) : reader.float32(),
    ),
  );
  return [...rows, [0, 0, 0, 1]];
}

function readTold(reader: ByteReader): SliceRecord["told"] {
  const bits = reader.byte();
  const labels = (bits & (2 ** LABELS)) === 0 ? undefined : reader.varint();
  const position = (bits & (2 ** POSITIONS)) === 0 ? undefined : reader.byte();
  return {
    ...(labels !== undefined && { labels }),
    ...(position !== undefined && {
      slicePositions: position === 0 ? UNKNOWN : (position - 1) / POSITION_PARTS,
    }),
  };
}
