import { rm } from "node:fs/promises";
import { writeFileAtomic } from "@slicebook/base/node";
import { frameFile, frameSteps, originalsFile } from "@slicebook/runs";
import { greyPng, tall } from "./figures/grey-png.ts";
import type { ImageStack } from "./figures/grid.ts";

/** Each picture of the progression comes at this many times the steps of the one before, at least. */
const PACE = 1.15;

/** Whether a picture is due at a step: often at first, while the model changes much, then ever less. */
export async function frameIsDue(folder: string, step: number): Promise<boolean> {
  const before = (await frameSteps(folder)).filter((other) => other < step).at(-1);
  return before === undefined || step >= PACE * before;
}

/** Deletes the pictures of later steps, which a resumed training makes again. */
export async function dropFramesAfter(folder: string, step: number): Promise<void> {
  for (const later of (await frameSteps(folder)).filter((other) => other > step))
    await rm(frameFile(folder, later));
}

/** Keeps reconstructions (and the first time the originals) as one tall picture each. */
export async function saveFrame(
  folder: string,
  step: number,
  pair: { originals: ImageStack; reconstructions: ImageStack },
): Promise<void> {
  if ((await frameSteps(folder)).length === 0)
    await writeFileAtomic(originalsFile(folder), await greyPng(tall(pair.originals), 0));
  await writeFileAtomic(frameFile(folder, step), await greyPng(tall(pair.reconstructions), 0));
}

/** Reads a tall picture back: `height` is that of one of its slices. */
export async function readFrame(path: string, height: number): Promise<ImageStack> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(path).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  const values = Float32Array.from(
    { length: info.width * info.height },
    (_, index) => data[index * info.channels]! / 255,
  );
  return { data: values, shape: [info.height / height, height, info.width] };
}
