import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeFileAtomic } from "@slicebook/base/node";
import { toUnitRange } from "@slicebook/core";
import {
  encodeNifti,
  fitAffine,
  fitSize,
  preprocessSlice,
  restoreSlice,
  type SliceImage,
} from "@slicebook/datasets";
import { builtInAdapters, decodeFile, loadAdapter } from "@slicebook/datasets/node";
import { createCodec } from "./codec.ts";
import type { ResolvedConfig } from "./config.ts";
import { compareSlice, type SliceFigures } from "./evaluate.ts";
import { type ImageStack, reconstructionGrid } from "./figures/grid.ts";
import { interruptedError } from "./interruption.ts";
import { isRecord } from "./is-record.ts";
import { greyPng } from "./pictures.ts";
import { reportProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import { loadPreprocessing, modelParameters } from "./trained-model.ts";

/** Columns of the picture of originals over reconstructions. */
const SHOWN = 8;

/**
 * Puts files through a run's encoder and decoder: a PNG of each reconstruction (of NIfTI files a NIfTI file too, in
 * the original units and at its place), a picture of the first few beside their originals, and every file's figures in
 * `figures.json`.
 */
export async function reconstructFiles(
  session: Session,
  files: readonly string[],
  out: string,
): Promise<SliceFigures[]> {
  const { config, signal, emit } = session;
  const { model } = config;
  const [height, width] = config.dataset.size!;
  const size = [height, width] as const;
  const preprocessing = await loadPreprocessing(session);
  const parameters = await modelParameters(session);
  const read = await reader(config.dataset);
  const codec = await createCodec(await session.engine(), parameters, { model, size, batch: 1 });
  const progress = reportProgress(emit, "reconstruct", "images");
  const names = uniqueNames(files);
  const figures: SliceFigures[] = [];
  const pairs: { original: Float64Array; reconstruction: Float64Array }[] = [];
  try {
    for (const [index, file] of files.entries()) {
      if (signal?.aborted) throw interruptedError();
      const image = await read(file);
      const original = Float32Array.from(
        fitSize(image, size, { policy: config.dataset.sizePolicy, path: file }),
      );
      const prepared = new Float32Array(original.length);
      const map = preprocessSlice(preprocessing, original, prepared);
      const { images } = await codec.reconstruct(prepared);
      const reconstruction = restoreSlice(preprocessing, map, images);
      const { scales: _, ...compared } = compareSlice(original, reconstruction, { height, width });
      figures.push(compared);
      const unit = toUnitRange(original, reconstruction);
      if (pairs.length < SHOWN) pairs.push(unit);
      const path = join(out, `${names[index]}.png`);
      await writeFileAtomic(path, await greyPng(stackOf([unit.reconstruction], size), 0));
      session.made(path, "reconstruction");
      if (image.affine !== undefined) {
        const affine = fitAffine(image.affine, image, size, config.dataset.sizePolicy);
        const nifti = encodeNifti(reconstruction, { shape: [height, width, 1], type: "float32", affine });
        const niftiPath = join(out, `${names[index]}.nii.gz`);
        await writeFileAtomic(niftiPath, gzipSync(nifti));
        session.made(niftiPath, "reconstruction in the original units");
      }
      progress(index + 1, files.length);
    }
  } finally {
    await codec.dispose();
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
  const rows = files.map((file, index) => ({ file, ...figures[index] }));
  await writeFileAtomic(join(out, "figures.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
  session.made(join(out, "figures.json"), "figures of each file");
  return figures;
}

/** Reads a file as the run's data set would; built-in ones all read by what is in a file. */
async function reader(config: ResolvedConfig["dataset"]): Promise<(path: string) => Promise<SliceImage>> {
  const { adapter } = await loadAdapter(config.adapter);
  const { decode } = adapter;
  const options = adapter.schema.parse(config.options);
  if (decode === undefined || builtInAdapters.includes(adapter)) {
    const canonical = isRecord(options) && options.orientation === "canonical";
    return (path) => decodeFile(path, { orientation: canonical ? "canonical" : "file" });
  }
  const context = { options, seed: config.seed, size: config.size! };
  return (path) =>
    decode.call(adapter, { path, split: "test", subject: "", slice: 0, name: basename(path) }, context);
}

function uniqueNames(files: readonly string[]): string[] {
  const taken = new Set(["reconstructions"]);
  return files.map((file) => {
    const name = basename(file).replace(/(\.nii)?(\.gz)?(\.\w+)?$/i, "") || "slice";
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
    taken.add(free);
    return free;
  });
}

function stackOf(images: readonly Float64Array[], [height, width]: readonly [number, number]): ImageStack {
  const data = new Float32Array(images.length * height * width);
  for (const [index, image] of images.entries()) data.set(image, index * height * width);
  return { data, shape: [images.length, height, width] };
}
