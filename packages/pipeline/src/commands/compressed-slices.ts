import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { readRegularFile } from "@slicebook/base/node";
import {
  decodeArchive,
  decodeCodedSlice,
  decodeSlbk,
  type SealedCodes,
  type SliceRecord,
  slbkKind,
  tablesChecksum,
  unpackCodes,
} from "@slicebook/core";
import { exists } from "@slicebook/runs";
import {
  codeTables,
  modelHashes,
  openPriorCoder,
  type PriorCoder,
  type Session,
  type SliceCodes,
} from "@slicebook/session";

/** Digits of the model's hash that a file coded by tables keeps. */
export const TABLES_HASH_DIGITS = 16;
/** Digits of the model's and the prior's hash that a file coded by the prior keeps. */
export const CODED_HASH_DIGITS = 8;

/** Sizes in bytes, over all files. */
export interface CompressedSizes {
  readonly bytes: number;
  /** Of the files that were compressed; absent when they are restored. */
  readonly originalBytes?: number;
  /** Of the slices as the model has them. */
  readonly bitsPerPixel: number;
}

/** A slice as a compressed file has it. */
export interface CompressedSlice {
  /** Its file, and of a slice in an archive its name there. */
  readonly file: string;
  readonly name: string | undefined;
  readonly record: SliceRecord;
  /** Its share of the file. */
  readonly bytes: number;
  readonly codes: SliceCodes;
}

/** A slice by its file, and its name where that is an archive. */
function nameOf({ file, name }: Pick<CompressedSlice, "file" | "name">): string {
  return name === undefined ? file : `${name} in ${file}`;
}

export interface ReadOptions {
  /** Called once it is known what there is, before the prior decodes anything. */
  readonly beforeDecoding: (
    slices: readonly Pick<CompressedSlice, "file" | "name" | "record">[],
  ) => Promise<void>;
  /** Of archives these slices only. */
  readonly only?: readonly string[] | undefined;
  /** Called with the number of codes that the prior has read and has to read. */
  readonly onCodes: (done: number, total: number) => void;
}

/**
 * Reads the slices of compressed files of the run's model.
 *
 * Files of other models, priors or code frequencies are refused, damaged ones, and names that no archive has.
 */
export async function readCompressed(
  session: Session,
  files: readonly string[],
  { only, beforeDecoding, onCodes }: ReadOptions,
): Promise<CompressedSlice[]> {
  const hashes = await modelHashes(session);
  const found: (CompressedSlice | SealedSlice)[] = [];
  let tables: Promise<ReadByTables> | undefined;
  let coder: PriorCoder | undefined;
  for (const file of files) {
    const content = contentOf(file);
    const kind = understood(file, () => slbkKind(content));
    if (kind === "tables") {
      tables ??= tablesReader(session, hashes);
      found.push((await tables)(file, content));
      continue;
    }
    const { model, prior, slices } = understood(file, () =>
      kind === "archive" ? decodeArchive(content) : oneSlice(content),
    );
    checkModel(session, file, model, hashes);
    coder ??= await openPriorCoder(session);
    if (prior !== coder?.hash.slice(0, CODED_HASH_DIGITS)) throw otherPrior(session, file, prior, coder);
    for (const slice of slices) {
      if (kind === "archive" && only?.includes(slice.name!) === false) continue;
      const sealed = understood(nameOf({ file, name: slice.name }), () => slice.codes);
      found.push({ ...slice, file, codes: sealed });
    }
  }
  const lacking = only?.find((name) => !found.some((slice) => slice.name === name));
  if (lacking !== undefined) {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      `--only ${lacking}: no archive among ${files.join(", ")} has it`,
      {
        remedy: "List the slices of an archive with --list.",
      },
    );
  }
  await beforeDecoding(found);
  return readSealed(found, coder, onCodes);
}

/** The names and bytes of the slices of compressed files, of which nothing is decoded. */
export function listCompressed(
  files: readonly string[],
): { readonly name: string; readonly bytes: number }[] {
  return files.flatMap((file) => {
    const content = contentOf(file);
    if (understood(file, () => slbkKind(content)) !== "archive")
      return [{ name: file, bytes: content.length }];
    return understood(file, () => decodeArchive(content)).slices.map(({ name, bytes }) => ({ name, bytes }));
  });
}

/** A slice of which the prior has still to read the codes. */
interface SealedSlice extends Omit<CompressedSlice, "codes"> {
  readonly codes: SealedCodes;
}

function isSealed(slice: CompressedSlice | SealedSlice): slice is SealedSlice {
  return "packed" in slice.codes;
}

/** Has the prior read the codes that it wrote. */
async function readSealed(
  found: readonly (CompressedSlice | SealedSlice)[],
  coder: PriorCoder | undefined,
  onCodes: ReadOptions["onCodes"],
): Promise<CompressedSlice[]> {
  const sealed = found.filter(isSealed);
  if (coder === undefined) return found.filter((slice): slice is CompressedSlice => !isSealed(slice));
  const total = sealed.length * coder.codesPerSlice;
  let done = 0;
  const read = await coder.unpack(
    sealed.map(({ record: { told }, codes: { packed } }) => ({ told, packed })),
    (more) => {
      done += more;
      onCodes(done, total);
    },
  );
  const codesOf = new Map(sealed.map((slice, index) => [slice, read[index]!]));
  return found.map((slice) => {
    if (!isSealed(slice)) return slice;
    const codes = codesOf.get(slice)!;
    understood(nameOf(slice), () => slice.codes.check(codes));
    return { ...slice, codes };
  });
}

type ReadByTables = (file: string, content: Uint8Array) => CompressedSlice;

/** Reads files that were coded by how often the training slices use each code. */
async function tablesReader(session: Session, hashes: readonly string[]): Promise<ReadByTables> {
  const { paths, model } = session;
  const tables = await codeTables(session);
  const checksum = tablesChecksum(tables);
  const lengths = model.levels.map(({ rows, columns }) => rows * columns);
  return (file, content) => {
    const { header, codes } = understood(file, () => decodeSlbk(content));
    checkModel(session, file, header.model, hashes);
    if (header.tables !== checksum || header.size.join() !== model.size.join()) {
      const hex = (number: number) => number.toString(16).padStart(8, "0");
      throw new SlicebookError(
        "CODES_DIFFER",
        `${file} was compressed with the code frequencies ${hex(header.tables)}, and those of ${paths.codes.train} are ${hex(checksum)}`,
        { remedy: "Restore that file as it was, or compress the originals anew." },
      );
    }
    return {
      file,
      name: undefined,
      record: { ...header, told: {} },
      bytes: content.length,
      codes: unpackCodes(codes, lengths, tables),
    };
  };
}

function oneSlice(content: Uint8Array) {
  const { model, prior, record, codes } = decodeCodedSlice(content);
  return { model, prior, slices: [{ name: undefined, record, codes, bytes: content.length }] };
}

function checkModel({ paths }: Session, file: string, model: string, hashes: readonly string[]): void {
  if (hashes.some((hash) => hash.startsWith(model))) return;
  throw new SlicebookError(
    "MODEL_DIFFERS",
    `${file} was compressed with the model ${model}, and that of ${paths.folder} is ${hashes[0]!.slice(0, model.length)}`,
    { remedy: "Give with --model the run that it was compressed with." },
  );
}

function otherPrior(
  { paths }: Session,
  file: string,
  prior: string,
  coder: PriorCoder | undefined,
): SlicebookError {
  const here = coder === undefined ? "has none" : `has ${coder.hash.slice(0, CODED_HASH_DIGITS)}`;
  return new SlicebookError(
    "PRIOR_DIFFERS",
    `${file} was compressed with the prior ${prior}, and ${paths.folder} ${here}`,
    {
      remedy: `Restore ${paths.prior.best} as it was, or give with --model the run that it was compressed with.`,
    },
  );
}

/** The most bytes of a compressed file. */
const LARGEST_COMPRESSED = 2 ** 30;

function contentOf(file: string): Buffer {
  try {
    return readRegularFile(file, { most: LARGEST_COMPRESSED });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SlicebookError("SLBK_INVALID", `${file} cannot be read: ${why}`, {
      remedy: "Give files that `slicebook compress` wrote.",
      cause,
    });
  }
}

/** What is read from a file; an error says which. */
function understood<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    const { code, message, remedy } = error;
    throw new SlicebookError(code, `${file}: ${message}`, {
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

export async function checkFree(paths: readonly string[], force: boolean): Promise<void> {
  if (force) return;
  for (const path of paths) {
    if (!(await exists(path))) continue;
    throw new SlicebookError("FILE_EXISTS", `${path} already exists`, {
      remedy: "Name another folder with --out, or add --force to overwrite it.",
    });
  }
}
