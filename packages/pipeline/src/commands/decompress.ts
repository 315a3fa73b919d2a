import { join } from "node:path";
import { int32, interruptedError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import type { ReadSlice } from "@slicebook/core";
import { restoreSlice } from "@slicebook/datasets";
import { decodeCodes, restoredGreys } from "@slicebook/model";
import { greyPng } from "@slicebook/report";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import { modelParameters, reportProgress, type Session, sliceNifti, uniqueNames } from "@slicebook/session";
import { type CompressedSizes, checkFree, openCompressedFiles } from "./compressed-slices.ts";

export interface DecompressOptions {
  /** The folder of what is written. */
  readonly out: string;
  /** Write over files that are there. */
  readonly force: boolean;
  /** Of archives these slices only. */
  readonly only?: readonly string[] | undefined;
}

/**
 * Restores slices from compressed files and archives: NIfTI files in the original units at their place where the originals
 * were such, else PNGs that span the original's range. Nothing is written unless all of them can be read.
 */
export async function decompressFiles(
  session: Session,
  files: readonly string[],
  { out, force, only }: DecompressOptions,
): Promise<CompressedSizes> {
  const { model, emit } = session;
  const { size } = model;
  const [height, width] = size;
  const pixels = height * width;
  const parameters = await modelParameters(session);
  const preprocessing = await loadPreprocessing(session);
  const opened = await openCompressedFiles(session, files, only);
  const names = uniqueNames(opened.slices.map(({ file, name }) => name ?? file));
  const targets = opened.slices.map(({ record: { affine } }, index) =>
    join(out, `${names[index]}${affine === undefined ? ".png" : ".nii.gz"}`),
  );
  await checkFree(targets, force);
  const slices: ReadSlice[] = [];
  for await (const slice of opened.read(reportProgress(emit, "decompress", "codes"))) slices.push(slice);
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
  const progress = reportProgress(emit, "decompress", "images");
  let total = 0;
  for (const [index, { record, bytes }] of slices.entries()) {
    if (session.signal?.aborted) throw interruptedError();
    const { original, policy, map, affine, affineCode = 1 } = record;
    const restored = restoreSlice(preprocessing, map, images.subarray(index * pixels, (index + 1) * pixels));
    const content =
      affine === undefined
        ? await greyPng({ data: restoredGreys(restored, record), shape: [1, height, width] }, 0)
        : sliceNifti(restored, { size, placement: { affine, code: affineCode } });
    const path = targets[index]!;
    await writeFileAtomic(path, content);
    const fitted = policy === "none" ? "" : `, the original of ${original.size?.join("×")} by ${policy}`;
    session.made(path, `${height}×${width}${fitted}`);
    total += bytes;
    progress(index + 1, slices.length);
  }
  return { bytes: total, bitsPerPixel: (8 * total) / (slices.length * pixels) };
}
