import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors } from "@slicebook/core";
import { type Preprocessing, preprocessingFile, preprocessingOf } from "@slicebook/datasets";
import { damaged, readIfThere } from "./files.ts";
import { missing, trainedModel } from "./needs.ts";
import type { RunPaths } from "./run-paths.ts";

/**
 * Keeps what the preprocessing learned from the training slices, so that other slices are brought to the same
 * units, and what the model makes is held among their values.
 */
export async function savePreprocessing(path: string, preprocessing: Preprocessing): Promise<void> {
  const { tensors, metadata } = preprocessingFile(preprocessing);
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

interface RunOfData {
  readonly paths: RunPaths;
  readonly config: {
    readonly dataset: { readonly preprocessing: string; readonly size: readonly [number, number] };
  };
}

/** What {@link savePreprocessing} kept; in runs of earlier versions that is without a range. Throws `RUN_DAMAGED`. */
export async function loadPreprocessing({ paths, config }: RunOfData): Promise<Preprocessing> {
  const bytes = readIfThere(paths.preprocessing);
  if (bytes === undefined) throw missing(paths.folder, trainedModel);
  try {
    return preprocessingOf(decodeSafetensors(bytes), config.dataset);
  } catch (error) {
    throw damaged(
      paths.preprocessing,
      error,
      "Restore the file, or train again under another name with run.name=NAME.",
    );
  }
}
