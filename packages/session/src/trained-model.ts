import type { HostTensors } from "@slicebook/base";
import { hashOfFile, hashOfTensors, missing, neededFile, trainedModel } from "@slicebook/runs";
import { checkedCarry, loadCheckpoint } from "@slicebook/runs/tensors";
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

/** What a run's figures depend on: the model and the data set, as it is now unless a fingerprint is given. */
export async function modelAndData(
  session: Session,
  fingerprint?: string,
): Promise<{ readonly model: string; readonly fingerprint: string }> {
  return {
    model: await modelHash(session),
    fingerprint: fingerprint ?? (await session.fingerprint()),
  };
}

/** What the run's code grids depend on; `covariates` is the fingerprint of what is known of slices besides. */
export async function codesInputs(
  session: Session,
  {
    covariates,
    fingerprint,
  }: { readonly covariates: string | undefined; readonly fingerprint?: string | undefined },
): Promise<unknown> {
  return {
    ...(await modelAndData(session, fingerprint)),
    ...(covariates === undefined ? {} : { covariates }),
  };
}
