import { stat } from "node:fs/promises";
import { join } from "node:path";
import { int32, interruptedError, isSlicebookError, SlicebookError } from "@slicebook/base";
import { readRegularFile, writeFileAtomic } from "@slicebook/base/node";
import {
  clippedToUnit,
  decodeSlbk,
  encodeSlbk,
  packCodes,
  rangeOf,
  type SlbkHeader,
  tablesChecksum,
  unpackCodes,
} from "@slicebook/core";
import { restoreSlice } from "@slicebook/datasets";
import { greyPng } from "@slicebook/report";
import { exists } from "@slicebook/runs";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import { createEncoder, decodeCodes } from "../model/codec.ts";
import { sliceNifti } from "../model/nifti-slice.ts";
import { codeTables } from "../session/code-tables.ts";
import { openOwnSlices, uniqueNames } from "../session/own-slices.ts";
import { reportProgress } from "../session/progress.ts";
import type { Session } from "../session/session.ts";
import { modelHash, modelHashes, modelParameters } from "../session/trained-model.ts";

/** Digits of the model's hash that a compressed file keeps. */
const HASH_DIGITS = 16;

export interface CompressOptions {
  /** The folder of what is written. */
  readonly out: string;
  /** Write over files that are there. */
  readonly force: boolean;
}

/** Sizes in bytes, over all files. */
export interface CompressedSizes {
  readonly bytes: number;
  /** Of the files that were compressed; absent when they are restored. */
  readonly originalBytes?: number;
  /** Of the slices as the model has them. */
  readonly bitsPerPixel: number;
}

/** Writes each file's slice as the codes that a run's model makes of it, entropy coded, into a `.slbk` file. */
export async function compressFiles(
  session: Session,
  files: readonly string[],
  { out, force }: CompressOptions,
): Promise<CompressedSizes> {
  const { config, model, signal, emit } = session;
  const { size } = model;
  const [height, width] = size;
  const parameters = await modelParameters(session);
  const tables = await codeTables(session);
  const checksum = tablesChecksum(tables);
  const hash = (await modelHash(session)).slice(0, HASH_DIGITS);
  const targets = uniqueNames(files).map((name) => join(out, `${name}.slbk`));
  await checkFree(targets, force);
  const slices = await openOwnSlices(session);
  const encoder = await createEncoder(await session.engine(), parameters, { model, batch: 1 });
  const progress = reportProgress(emit, "compress", "images");
  const sizes = { bytes: 0, originalBytes: 0 };
  try {
    for (const [index, file] of files.entries()) {
      if (signal?.aborted) throw interruptedError();
      const { original, prepared, map, source, placement } = await slices.read(file);
      const levels = await encoder.encode(prepared);
      const { minimum, range } = rangeOf(original);
      const fits = source.height === height && source.width === width;
      const bytes = encodeSlbk(
        {
          original: {
            size: [source.height, source.width],
            type: source.type,
            range: [minimum, minimum + range],
          },
          size,
          policy: fits ? "none" : config.dataset.sizePolicy!, // without a policy, such a slice is not read
          model: hash,
          tables: checksum,
          map,
          affine: placement?.affine,
          affineCode: placement?.code,
        },
        packCodes(
          levels.map(({ data }) => data),
          tables,
        ),
      );
      const path = targets[index]!;
      await writeFileAtomic(path, bytes);
      const bits = (8 * bytes.length) / (height * width);
      session.made(path, `${bytes.length} bytes, ${bits.toFixed(3)} bits per pixel`);
      sizes.originalBytes += (await stat(file)).size;
      sizes.bytes += bytes.length;
      progress(index + 1, files.length);
    }
  } finally {
    await encoder.dispose();
  }
  return { ...sizes, bitsPerPixel: (8 * sizes.bytes) / (files.length * height * width) };
}

/**
 * Restores slices from `.slbk` files: NIfTI files in the original units at their place where the originals were such,
 * else PNGs that span the original's range. Nothing is written unless all of them can be read.
 */
export async function decompressFiles(
  session: Session,
  files: readonly string[],
  { out, force }: CompressOptions,
): Promise<CompressedSizes> {
  const { model } = session;
  const { size } = model;
  const [height, width] = size;
  const pixels = height * width;
  const parameters = await modelParameters(session);
  const preprocessing = await loadPreprocessing(session);
  const read = await reader(session);
  const slices: CompressedSlice[] = [];
  for (const file of files) slices.push(await read(file));
  const names = uniqueNames(files);
  const targets = slices.map(({ header: { affine } }, index) =>
    join(out, `${names[index]}${affine === undefined ? ".png" : ".nii.gz"}`),
  );
  await checkFree(targets, force);
  const levels = model.levels.map(({ rows, columns }, level) => {
    const all = new Int32Array(slices.length * rows * columns);
    for (const [index, { codes }] of slices.entries()) all.set(codes[level]!, index * rows * columns);
    return int32(all, [slices.length, rows, columns]);
  });
  const images = await decodeCodes(await session.engine(), parameters, levels, {
    model,
    batch: 1,
    preprocessing,
  });
  const progress = reportProgress(session.emit, "decompress", "images");
  let total = 0;
  for (const [index, { header, bytes }] of slices.entries()) {
    if (session.signal?.aborted) throw interruptedError();
    const { original, policy, map, affine, affineCode = 1 } = header;
    const restored = restoreSlice(preprocessing, map, images.subarray(index * pixels, (index + 1) * pixels));
    const content =
      affine === undefined
        ? await rangePng(restored, header)
        : sliceNifti(restored, { size, placement: { affine, code: affineCode } });
    const path = targets[index]!;
    await writeFileAtomic(path, content);
    const fitted = policy === "none" ? "" : `, the original of ${original.size.join("×")} by ${policy}`;
    session.made(path, `${height}×${width}${fitted}`);
    total += bytes;
    progress(index + 1, files.length);
  }
  return { bytes: total, bitsPerPixel: (8 * total) / (files.length * pixels) };
}

interface CompressedSlice {
  readonly header: SlbkHeader;
  /** Of each level, in raster order. */
  readonly codes: readonly Int32Array[];
  /** The file's size. */
  readonly bytes: number;
}

/** Reads compressed files of the run's model, and refuses others. */
async function reader(session: Session) {
  const { paths, model } = session;
  const hashes = (await modelHashes(session)).map((hash) => hash.slice(0, HASH_DIGITS));
  const tables = await codeTables(session);
  const checksum = tablesChecksum(tables);
  const lengths = model.levels.map(({ rows, columns }) => rows * columns);
  return async (file: string): Promise<CompressedSlice> => {
    const content = readCompressed(file);
    const { header, codes } = parsed(file, content);
    if (!hashes.includes(header.model)) {
      throw new SlicebookError(
        "MODEL_DIFFERS",
        `${file} was compressed with the model ${header.model}, and that of ${paths.folder} is ${hashes[0]}`,
        { remedy: "Give with --model the run that it was compressed with." },
      );
    }
    if (header.tables !== checksum || header.size.join() !== model.size.join()) {
      const hex = (number: number) => number.toString(16).padStart(8, "0");
      throw new SlicebookError(
        "CODES_DIFFER",
        `${file} was compressed with the code frequencies ${hex(header.tables)}, and those of ${paths.codes.train} are ${hex(checksum)}`,
        { remedy: "Restore that file as it was, or compress the originals anew." },
      );
    }
    return { header, codes: unpackCodes(codes, lengths, tables), bytes: content.length };
  };
}

/** The most bytes of a compressed slice: of the largest one, as many as its codes can take. */
const LARGEST_COMPRESSED = 2 ** 26;

function readCompressed(file: string): Buffer {
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

function parsed(file: string, content: Uint8Array): ReturnType<typeof decodeSlbk> {
  try {
    return decodeSlbk(content);
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    const { code, message, remedy } = error;
    throw new SlicebookError(code, `${file}: ${message}`, {
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

/** A slice as a grey picture from the least to the greatest value of its original. */
function rangePng(
  values: Float32Array,
  { size: [height, width], original }: SlbkHeader,
): Promise<Uint8Array> {
  const [low, high] = original.range;
  const data = Float32Array.from(clippedToUnit(values, { minimum: low, range: high - low }));
  return greyPng({ data, shape: [1, height, width] }, 0);
}

async function checkFree(paths: readonly string[], force: boolean): Promise<void> {
  if (force) return;
  for (const path of paths) {
    if (!(await exists(path))) continue;
    throw new SlicebookError("FILE_EXISTS", `${path} already exists`, {
      remedy: "Name another folder with --out, or add --force to overwrite it.",
    });
  }
}
