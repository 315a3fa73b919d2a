import { crc32, isSlicebookError } from "@slicebook/base";
import { type ByteReader, byteReader, byteWriter, joinedBytes } from "./byte-stream.ts";
import { openSeal, type SealedCodes, sealCodes } from "./sealed-codes.ts";
import { invalidSlbk } from "./slbk.ts";
import { readRecord, type SliceRecord, writeRecord } from "./slice-record.ts";

/*
 * A slice that a prior coded, little-endian:
 *
 *     bytes 0–3  "SLBK"    4  version, 2
 *           5–8  first 4 bytes of the SHA-256 of the model's file    9–12  of the prior's
 *     then its record (`writeRecord`), its packed codes and their checksums (`sealCodes`)
 *
 * An archive of such slices, whose header they share:
 *
 *     bytes 0–3  "SLBA"    4  version, 2    5–12  as above
 *     the number of slices, varint; of each: how many characters (UTF-8 bytes) its name has in common with the one
 *     before, varint, and how many more, varint; these; its record; the length of its codes and their checksums, varint
 *     the CRC-32 of all before, uint32; then the codes and checksums of each, as above
 */

const SLICE_MAGIC = "SLBK";
const ARCHIVE_MAGIC = "SLBA";
/** The version of both. */
const VERSION = 2;
const HASH_BYTES = 4;
const HEAD_BYTES = 5 + 2 * HASH_BYTES;

/** What a file of slices that a prior coded was written with, the first 8 hexadecimal digits of the SHA-256 of each. */
export interface CodedBy {
  readonly model: string;
  readonly prior: string;
}

/** A slice that a prior coded, as a file has it. */
export interface CodedSlice {
  readonly record: SliceRecord;
  readonly codes: SealedCodes;
}

/** A slice of an archive. */
export interface ArchivedSlice extends CodedSlice {
  readonly name: string;
  /** Its share of the file: name, record, codes and checksums. */
  readonly bytes: number;
}

/** What kind of file it is by its first bytes: coded by tables or by a prior, or an archive; throws `SLBK_INVALID` for none. */
export function slbkKind(content: Uint8Array): "tables" | "prior" | "archive" {
  const magic = new TextDecoder("latin1").decode(content.subarray(0, 4));
  if (magic !== SLICE_MAGIC && magic !== ARCHIVE_MAGIC) {
    throw invalidSlbk(
      `it begins with ${JSON.stringify(magic)}, not with "${SLICE_MAGIC}" or "${ARCHIVE_MAGIC}"`,
    );
  }
  const version = content[4];
  if (magic === ARCHIVE_MAGIC && version === VERSION) return "archive";
  if (magic === SLICE_MAGIC && version === VERSION) return "prior";
  if (magic === SLICE_MAGIC && version === 1) return "tables";
  throw invalidSlbk(
    version === undefined
      ? "it is cut off"
      : `it is of version ${version}, of which only 1 and ${VERSION} are known`,
  );
}

/** The bytes of a file of one slice: `packed` are its codes, by `packByPrior`. */
export function encodeCodedSlice(
  by: CodedBy,
  record: SliceRecord,
  { packed, levels }: { readonly packed: Uint8Array; readonly levels: readonly Int32Array[] },
): Uint8Array {
  const writer = byteWriter();
  writer.bytes(head(SLICE_MAGIC, by));
  writeRecord(writer, record);
  const before = writer.finish();
  writer.bytes(sealCodes(before, packed, levels));
  return writer.finish();
}

/** Reads what {@link encodeCodedSlice} wrote; throws `SLBK_INVALID`. */
export function decodeCodedSlice(content: Uint8Array): CodedBy & CodedSlice {
  return understood(() => {
    const reader = byteReader(content);
    const by = readHead(reader);
    const record = readRecord(reader);
    const before = content.subarray(0, reader.at);
    return { ...by, record, codes: openSeal(before, content.subarray(reader.at)) };
  });
}

/** The bytes of an archive of slices, whose names differ. */
export function encodeArchive(
  by: CodedBy,
  slices: readonly {
    readonly name: string;
    readonly record: SliceRecord;
    readonly packed: Uint8Array;
    readonly levels: readonly Int32Array[];
  }[],
): Uint8Array {
  const start = head(ARCHIVE_MAGIC, by);
  const index = byteWriter();
  const blocks: Uint8Array[] = [];
  index.bytes(start);
  index.varint(slices.length);
  let before: { readonly name: Uint8Array; readonly record?: SliceRecord } = { name: new Uint8Array() };
  for (const { name, record, packed, levels } of slices) {
    const bytes = new TextEncoder().encode(name);
    const common = commonLength(before.name, bytes);
    index.varint(common);
    index.varint(bytes.length - common);
    index.bytes(bytes.subarray(common));
    const written = byteWriter();
    writeRecord(written, record, before.record);
    index.bytes(written.finish());
    const block = sealCodes(joinedBytes(start, written.finish()), packed, levels);
    index.varint(block.length);
    blocks.push(block);
    before = { name: bytes, record };
  }
  index.uint32(crc32(index.finish()));
  return joinedBytes(index.finish(), ...blocks);
}

/** Reads the index of what {@link encodeArchive} wrote; throws `SLBK_INVALID`. A slice that is damaged throws as its `codes` are asked for. */
export function decodeArchive(content: Uint8Array): CodedBy & { readonly slices: readonly ArchivedSlice[] } {
  return understood(() => {
    const reader = byteReader(content);
    const by = readHead(reader);
    const start = content.subarray(0, reader.at);
    const count = reader.varint();
    const entries: {
      name: string;
      record: SliceRecord;
      before: Uint8Array;
      length: number;
      bytes: number;
    }[] = [];
    let name = new Uint8Array();
    for (let number = 0; number < count; number++) {
      const from = reader.at;
      const common = reader.varint();
      if (common > name.length) throw new RangeError("its names make no sense");
      name = joinedBytes(name.subarray(0, common), reader.bytes(reader.varint()));
      const recordFrom = reader.at;
      const record = readRecord(reader, entries.at(-1)?.record);
      const before = joinedBytes(start, content.subarray(recordFrom, reader.at));
      const length = reader.varint();
      const bytes = reader.at - from + length;
      entries.push({ name: new TextDecoder().decode(name), record, before, length, bytes });
    }
    const end = reader.at;
    if (reader.uint32() !== crc32(content.subarray(0, end))) {
      throw new RangeError("its index is damaged: its checksum is not that of its bytes");
    }
    const slices = entries.map(({ name, record, before, length, bytes }) => {
      const sealed = reader.bytes(length);
      return {
        name,
        record,
        bytes,
        get codes() {
          return openSeal(before, sealed);
        },
      };
    });
    if (reader.at !== content.length) throw new RangeError("it has more bytes than its index says");
    return { ...by, slices };
  });
}

function head(magic: string, { model, prior }: CodedBy): Uint8Array {
  const hash = (digits: string) =>
    Uint8Array.from({ length: HASH_BYTES }, (_, byte) =>
      Number.parseInt(digits.slice(2 * byte, 2 * byte + 2), 16),
    );
  return joinedBytes(new TextEncoder().encode(magic), Uint8Array.of(VERSION), hash(model), hash(prior));
}

function readHead(reader: ByteReader): CodedBy {
  const bytes = reader.bytes(HEAD_BYTES);
  const digits = (from: number) =>
    Array.from(bytes.subarray(from, from + HASH_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    );
  return { model: digits(5), prior: digits(5 + HASH_BYTES) };
}

/** What cannot be read as it should is an error of the file. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isSlicebookError(error) || !(error instanceof RangeError)) throw error;
    throw invalidSlbk(error.message);
  }
}

function commonLength(one: Uint8Array, other: Uint8Array): number {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length++;
  return length;
}
