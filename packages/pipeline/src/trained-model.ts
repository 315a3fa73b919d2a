import type { HostTensors } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors } from "@slicebook/core";
import { type Preprocessing, preprocessingFile, preprocessingOf } from "@slicebook/datasets";
import { checkedCarry, loadCheckpoint } from "./checkpoint.ts";
import { damaged, hashOfFile, hashOfTensors, readIfThere } from "./files.ts";
import { missing, neededFile, trainedModel } from "./run-folder.ts";
import type { Session } from "./session.ts";

/** The weights and the codebook of a run's model, averaged over training's last steps. */
export async function modelParameters(session: Session): Promise<HostTensors> {
  const file = await neededFile(session.paths, trainedModel);
  const checkpoint = await loadCheckpoint(file);
  if (checkpoint === undefined) throw missing(session.paths.folder, trainedModel);
  const { model } = session;
  return model.parameters(checkedCarry(file, checkpoint, model.checkCarry), { average: true });
}

/** The SHA-256 of those weights and codebooks: identical trainings give the same, however long they took. */
export async function modelHash(session: Session): Promise<string> {
  return hashOfTensors(await modelParameters(session));
}

/** The hashes that files made with the model may name it by: earlier versions hashed the checkpoint, seconds included. */
export async function modelHashes(session: Session): Promise<readonly [now: string, before: string]> {
  return [await modelHash(session), await hashOfFile(await neededFile(session.paths, trainedModel))];
}

/** What the run's code grids depend on: the model and the data set, as it is now unless a fingerprint is given. */
export async function modelAndData(
  session: Session,
  fingerprint?: string,
): Promise<{ readonly model: string; readonly fingerprint: string }> {
  return {
    model: await modelHash(session),
    fingerprint: fingerprint ?? (await session.fingerprint()),
  };
}

/**
 * Keeps what the preprocessing learnt from the training slices, so that other slices are brought to the same
 * units, and what the model makes is held among their values.
 */
export async function savePreprocessing(path: string, preprocessing: Preprocessing): Promise<void> {
  const { tensors, metadata } = preprocessingFile(preprocessing);
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** What {@link savePreprocessing} kept; in runs of earlier versions that is no range. Throws `RUN_DAMAGED`. */
export async function loadPreprocessing({ paths, config }: Session): Promise<Preprocessing> {
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
