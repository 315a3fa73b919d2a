import { isSlicebookError, SlicebookError } from "@slicebook/base";
import type { CodeLevel } from "../code-space.ts";
import { type CodeTable, tablesChecksum } from "./code-table.ts";
import { unpackCodes } from "./pack-codes.ts";
import { CODED_AT_ONCE, type PriorCoder, type SliceCodes } from "./prior-coder.ts";
import type { SealedCodes } from "./sealed-codes.ts";
import { decodeSlbk } from "./slbk.ts";
import { decodeArchive, decodeCodedSlice, slbkKind } from "./slbk-by-prior.ts";
import type { SliceRecord } from "./slice-record.ts";

/** Digits of the model's hash that a file coded by tables keeps. */
export const TABLES_HASH_DIGITS = 16;
/** Digits of the model's and the prior's hash that a file coded by the prior keeps. */
export const CODED_HASH_DIGITS = 8;

/** A compressed file: what it is called, and its bytes. */
export interface CompressedFile {
  readonly file: string;
  readonly content: Uint8Array;
}

/** The run by which files are read. What a file does not need is not asked for. */
export interface CompressionRun {
  /** What it is called in messages, and its files of code frequencies and of the prior. */
  readonly names: { readonly run: string; readonly tables: string; readonly prior: string };
  readonly model: {
    readonly size: readonly [height: number, width: number];
    readonly levels: readonly CodeLevel[];
    /** The SHA-256 by which files may name it, in the order in which they are told. */
    readonly hashes: readonly string[];
  };
  /** How often the training slices use each code of each level. */
  tables(): Promise<readonly CodeTable[]>;
  /** Undefined where there is none. */
  prior(): Promise<PriorCoder | undefined>;
}

/** A slice as a compressed file has it. */
export interface CompressedSlice {
  /** Its file, and of a slice in an archive its name there. */
  readonly file: string;
  readonly name: string | undefined;
  readonly record: SliceRecord;
  /** Its share of the file. */
  readonly bytes: number;
}

/** A slice whose codes have been read. */
export interface ReadSlice extends CompressedSlice {
  readonly codes: SliceCodes;
}

/** Compressed files that fit a run. */
export interface OpenedFiles {
  readonly slices: readonly CompressedSlice[];
  /**
   * Reads the codes of the slices, in their order; `onCodes` is called with the number of codes that the prior has read and has
   * to read. Throws `SLBK_INVALID` for codes that do not come out as they were written.
   */
  read(onCodes: (done: number, total: number) => void): AsyncGenerator<ReadSlice>;
}

/**
 * Opens compressed files of a run's model, of archives the slices named by `only` unless that is undefined.
 *
 * Files of other models, priors or code frequencies are refused (`MODEL_DIFFERS`, `PRIOR_DIFFERS`, `CODES_DIFFER`), and damaged
 * ones (`SLBK_INVALID`).
 */
export async function openCompressed(
  files: Iterable<CompressedFile>,
  run: CompressionRun,
  { only }: { readonly only?: readonly string[] | undefined } = {},
): Promise<OpenedFiles> {
  const opened: (ReadSlice | SealedSlice)[] = [];
  let tables: Promise<readonly CodeTable[]> | undefined;
  let coder: PriorCoder | undefined;
  for (const { file, content } of files) {
    const kind = understood(file, () => slbkKind(content));
    if (kind === "tables") {
      tables ??= run.tables();
      opened.push(readByTables({ file, content }, run, await tables));
      continue;
    }
    const { model, prior, slices } = understood(file, () =>
      kind === "archive" ? decodeArchive(content) : oneSlice(content),
    );
    checkModel(file, model, run);
    coder ??= await run.prior();
    if (prior !== coder?.hash.slice(0, CODED_HASH_DIGITS)) throw otherPrior(file, prior, { run, coder });
    for (const slice of slices) {
      if (kind === "archive" && only?.includes(slice.name!) === false) continue;
      const sealed = understood(nameOf({ file, name: slice.name }), () => slice.codes);
      opened.push({ ...slice, file, sealed });
    }
  }
  return { slices: opened, read: (onCodes) => readAll(opened, coder, onCodes) };
}

/** The names and bytes of the slices of a compressed file, of which nothing is decoded. */
export function listCompressed({
  file,
  content,
}: CompressedFile): { readonly name: string; readonly bytes: number }[] {
  if (understood(file, () => slbkKind(content)) !== "archive") return [{ name: file, bytes: content.length }];
  return understood(file, () => decodeArchive(content)).slices.map(({ name, bytes }) => ({ name, bytes }));
}

/** A slice of which the prior has still to read the codes. */
interface SealedSlice extends CompressedSlice {
  readonly sealed: SealedCodes;
}

function isSealed(slice: ReadSlice | SealedSlice): slice is SealedSlice {
  return "sealed" in slice;
}

/** Has the prior read the codes that it wrote, of as many slices at a time as it codes side by side. */
async function* readAll(
  slices: readonly (ReadSlice | SealedSlice)[],
  coder: PriorCoder | undefined,
  onCodes: (done: number, total: number) => void,
): AsyncGenerator<ReadSlice> {
  const total = slices.filter(isSealed).length * (coder?.codesPerSlice ?? 0);
  let done = 0;
  for (let first = 0; first < slices.length; first += CODED_AT_ONCE) {
    const some = slices.slice(first, first + CODED_AT_ONCE);
    const sealed = some.filter(isSealed);
    const read = await coder?.unpack(
      sealed.map(({ record: { told }, sealed: { packed } }) => ({ told, packed })),
      (more) => {
        done += more;
        onCodes(done, total);
      },
    );
    const codesOf = new Map(sealed.map((slice, index) => [slice, read![index]!]));
    for (const slice of some) {
      if (!isSealed(slice)) {
        yield slice;
        continue;
      }
      const { sealed, ...opened } = slice;
      const codes = codesOf.get(slice)!;
      understood(nameOf(slice), () => sealed.check(codes));
      yield { ...opened, codes };
    }
  }
}

/** Reads a file that was coded by how often the training slices use each code. */
function readByTables(
  { file, content }: CompressedFile,
  run: CompressionRun,
  tables: readonly CodeTable[],
): ReadSlice {
  const { levels, size } = run.model;
  const { header, codes } = understood(file, () => decodeSlbk(content));
  checkModel(file, header.model, run);
  const checksum = tablesChecksum(tables);
  if (header.tables !== checksum || header.size.join() !== size.join()) {
    const hex = (number: number) => number.toString(16).padStart(8, "0");
    throw new SlicebookError(
      "CODES_DIFFER",
      `${file} was compressed with the code frequencies ${hex(header.tables)}, and those of ${run.names.tables} are ${hex(checksum)}`,
      { remedy: "Restore that file as it was, or compress the originals anew." },
    );
  }
  return {
    file,
    name: undefined,
    record: { ...header, told: {} },
    bytes: content.length,
    codes: unpackCodes(
      codes,
      levels.map(({ rows, columns }) => rows * columns),
      tables,
    ),
  };
}

function oneSlice(content: Uint8Array) {
  const { model, prior, record, codes } = decodeCodedSlice(content);
  return { model, prior, slices: [{ name: undefined, record, codes, bytes: content.length }] };
}

function checkModel(file: string, model: string, { names, model: { hashes } }: CompressionRun): void {
  if (hashes.some((hash) => hash.startsWith(model))) return;
  throw new SlicebookError(
    "MODEL_DIFFERS",
    `${file} was compressed with the model ${model}, and that of ${names.run} is ${hashes[0]!.slice(0, model.length)}`,
    { remedy: "Give with --model the run that it was compressed with." },
  );
}

function otherPrior(
  file: string,
  prior: string,
  { run: { names }, coder }: { readonly run: CompressionRun; readonly coder: PriorCoder | undefined },
): SlicebookError {
  const here = coder === undefined ? "has none" : `has ${coder.hash.slice(0, CODED_HASH_DIGITS)}`;
  return new SlicebookError(
    "PRIOR_DIFFERS",
    `${file} was compressed with the prior ${prior}, and ${names.run} ${here}`,
    {
      remedy: `Restore ${names.prior} as it was, or give with --model the run that it was compressed with.`,
    },
  );
}

/** A slice by its file, and its name where that is an archive. */
function nameOf({ file, name }: Pick<CompressedSlice, "file" | "name">): string {
  return name === undefined ? file : `${name} in ${file}`;
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
