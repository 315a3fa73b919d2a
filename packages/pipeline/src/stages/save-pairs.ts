import { writeFileAtomic } from "@slicebook/base/node";
import type { PicturePairs } from "@slicebook/model";
import { greyPng, tall } from "@slicebook/report";
import type { PairedSlices, PairFiles } from "@slicebook/runs";

/** Keeps slices and their reconstructions as two tall grey pictures with the slices' names and SSIM, for the viewer. */
export async function savePairs(
  files: PairFiles,
  { originals, reconstructions }: PicturePairs,
  slices: PairedSlices,
): Promise<void> {
  await writeFileAtomic(files.originals, await greyPng(tall(originals), 0));
  await writeFileAtomic(files.reconstructions, await greyPng(tall(reconstructions), 0));
  await writeFileAtomic(files.slices, `${JSON.stringify({ slices }, undefined, 2)}\n`);
}
