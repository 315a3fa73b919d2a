import { float32, floats, type HostTensors } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors } from "@slicebook/core";
import { type Preprocessing, preprocessingSchema } from "@slicebook/datasets";
import { damaged, readIfThere } from "./files.ts";
import { missing, trainedModel } from "./needs.ts";
import type { RunPaths } from "./run-paths.ts";

/**
 * Keeps what the preprocessing learnt from the training slices, so that other slices are brought to the same
 * units, and what the model makes is held among their values.
 */
export async function savePreprocessing(path: string, preprocessing: Preprocessing): Promise<void> {
  const { mean, ...numbers } = { mean: undefined, ...preprocessing };
  const image = mean instanceof Float32Array;
  const tensors: HostTensors = image ? { mean: float32(mean, [mean.length]) } : {};
  const scalars = image ? numbers : preprocessing;
  await writeFileAtomic(path, encodeSafetensors(tensors, { preprocessing: JSON.stringify(scalars) }));
}

interface RunOfData {
  readonly paths: RunPaths;
  readonly config: {
    readonly dataset: { readonly preprocessing: string; readonly size: readonly [number, number] };
  };
}

/** What {@link savePreprocessing} kept; in runs of earlier versions that is no range. Throws `RUN_DAMAGED`. */
export async function loadPreprocessing({ paths, config }: RunOfData): Promise<Preprocessing> {
  const bytes = readIfThere(paths.preprocessing);
  if (bytes === undefined) throw missing(paths.folder, trainedModel);
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const learnt = preprocessingSchema.parse(JSON.parse(metadata.preprocessing ?? "null"));
    if (learnt.name !== config.dataset.preprocessing)
      throw new Error(`it is of ${learnt.name}, and config.yaml says ${config.dataset.preprocessing}`);
    if (learnt.name !== "residual") return learnt;
    const mean = tensors.mean === undefined ? new Float32Array() : floats(tensors.mean);
    const [height, width] = config.dataset.size;
    if (mean.length !== height * width || !mean.every(Number.isFinite))
      throw new Error(`its mean image is not one of ${height}×${width} numbers`);
    return { ...learnt, mean };
  } catch (error) {
    throw damaged(
      paths.preprocessing,
      error,
      "Restore the file, or train again under another name with run.name=NAME.",
    );
  }
}
