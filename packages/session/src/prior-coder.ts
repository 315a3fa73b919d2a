import { createPriorCoder, type PriorCoder } from "@slicebook/core";
import { createExactEngine } from "@slicebook/engine";
import { exists, hashOfTensors } from "@slicebook/runs";
import { neededCodes } from "@slicebook/runs/tensors";
import { bindPrior, knownOf, priorParameters } from "./bound-prior.ts";
import type { Session } from "./session.ts";

/** The run's trained prior as an entropy coder; undefined where there is none. */
export async function openPriorCoder(session: Session): Promise<PriorCoder | undefined> {
  const { paths, signal } = session;
  if (!(await exists(paths.prior.best))) return undefined;
  const trained = await neededCodes(session, "train");
  const prior = await bindPrior(session, knownOf(session, trained));
  const parameters = await priorParameters(session, prior);
  const hash = hashOfTensors(parameters);
  const { classes } = trained;
  return createPriorCoder({ prior, parameters, hash, classes, engine: createExactEngine(), signal });
}
