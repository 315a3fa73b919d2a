import { join } from "node:path";
import { interruptedError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { toUnitRange } from "@slicebook/core";
import { createCodec } from "@slicebook/model";
import { greyPng, type ImageStack, likelihoodGrid, reconstructionGrid } from "@slicebook/report";
import { measureSlice, type SliceFigures } from "@slicebook/runs";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import {
  createSliceScorer,
  modelParameters,
  openOwnSlices,
  reportProgress,
  type Session,
  type SliceLikelihood,
  uniqueNames,
  writeNiftiSlice,
} from "@slicebook/session";

/** Columns of the picture of originals over reconstructions. */
const SHOWN = 8;

/**
 * Puts files through a run's encoder and decoder: a PNG of each reconstruction (of NIfTI files a NIfTI file too, in
 * the original units and at its place), a picture of the first few beside their originals, and every file's figures in
 * `figures.json`. With a trained prior, also what it finds unusual in them, in bits per pixel.
 */
export async function reconstructFiles(
  session: Session,
  files: readonly string[],
  out: string,
): Promise<SliceFigures[]> {
  const { model, signal, emit } = session;
  const { size } = model;
  const [height, width] = size;
  const parameters = await modelParameters(session);
  const slices = await openOwnSlices(session);
  const codec = await createCodec(await session.engine(), parameters, {
    model,
    batch: 1,
    preprocessing: await loadPreprocessing(session),
  });
  const progress = reportProgress(emit, "reconstruct", "images");
  const names = uniqueNames(files, ["reconstructions", "likelihood"]);
  const figures: SliceFigures[] = [];
  const pairs: { original: Float64Array; reconstruction: Float64Array }[] = [];
  const bits: (SliceLikelihood | undefined)[] = [];
  const scorer = await createSliceScorer(session);
  try {
    for (const [index, file] of files.entries()) {
      if (signal?.aborted) throw interruptedError();
      const { original, prepared, restore, placement } = await slices.read(file);
      const { images, levels } = await codec.reconstruct(prepared);
      const reconstruction = restore(images);
      figures.push(measureSlice(original, reconstruction, { height, width }));
      bits.push(await scorer?.score(levels));
      const unit = toUnitRange(original, reconstruction);
      if (pairs.length < SHOWN) pairs.push(unit);
      const path = join(out, `${names[index]}.png`);
      await writeFileAtomic(path, await greyPng(stackOf([unit.reconstruction], size), 0));
      session.made(path, "reconstruction");
      if (placement !== undefined) {
        const niftiPath = join(out, `${names[index]}.nii.gz`);
        await writeNiftiSlice(niftiPath, reconstruction, { size, placement });
        session.made(niftiPath, "reconstruction in the original units");
      }
      progress(index + 1, files.length);
    }
  } finally {
    await codec.dispose();
    await scorer?.dispose();
  }
  const grid = await reconstructionGrid(
    stackOf(
      pairs.map(({ original }) => original),
      size,
    ),
    stackOf(
      pairs.map(({ reconstruction }) => reconstruction),
      size,
    ),
    {
      title: "Reconstructions",
      captions: names.slice(0, pairs.length),
      ssim: figures.slice(0, pairs.length).map(({ ssim }) => ssim),
    },
  );
  await writeFileAtomic(join(out, "reconstructions.png"), grid);
  session.made(join(out, "reconstructions.png"), "originals over reconstructions");
  await drawLikelihoods(session, out, {
    likelihoods: bits.slice(0, pairs.length),
    originals: stackOf(
      pairs.map(({ original }) => original),
      size,
    ),
    captions: names.slice(0, pairs.length),
  });
  const rows = files.map((file, index) => ({
    file,
    ...figures[index],
    ...(bits[index] === undefined ? {} : { bitsPerPixel: bits[index].bitsPerPixel }),
  }));
  await writeFileAtomic(join(out, "figures.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
  session.made(join(out, "figures.json"), "figures of each file");
  return figures;
}

/** Originals over maps of what their codes cost, where there is a prior. */
async function drawLikelihoods(
  session: Session,
  out: string,
  {
    likelihoods,
    originals,
    captions,
  }: {
    readonly likelihoods: readonly (SliceLikelihood | undefined)[];
    readonly originals: ImageStack;
    readonly captions: readonly string[];
  },
): Promise<void> {
  const measured = likelihoods.filter((one) => one !== undefined);
  if (measured.length === 0) return;
  const maps = new Float32Array(originals.data.length);
  for (const [index, { map }] of measured.entries()) maps.set(map, index * map.length);
  const path = join(out, "likelihood.png");
  const picture = await likelihoodGrid(
    originals,
    { data: maps, shape: originals.shape },
    {
      title: "What the prior finds unusual",
      captions,
      notes: measured.map(({ bitsPerPixel }) => `${bitsPerPixel.toFixed(3)} bits a pixel`),
    },
  );
  await writeFileAtomic(path, picture);
  session.made(path, "originals over what the prior finds unusual");
}

function stackOf(images: readonly Float64Array[], [height, width]: readonly [number, number]): ImageStack {
  const data = new Float32Array(images.length * height * width);
  for (const [index, image] of images.entries()) data.set(image, index * height * width);
  return { data, shape: [images.length, height, width] };
}
