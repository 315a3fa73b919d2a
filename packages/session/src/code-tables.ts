import { type CodeTable, codeTable, countCodes } from "@slicebook/core";
import { exists, hashOf, readCovariates } from "@slicebook/runs";
import { neededCodes } from "@slicebook/runs/tensors";
import type { Session } from "./session.ts";
import { codesInputs } from "./trained-model.ts";

/**
 * The tables of {@link codeTables}, where the run's training slices are encoded by its model as it is.
 *
 * @param fingerprint of the run's data set, where it need not be there any more
 */
export async function currentTables(
  session: Session,
  fingerprint?: string,
): Promise<CodeTable[] | undefined> {
  const encoded = (await session.record())?.stages.encode?.inputs;
  if (encoded === undefined || !(await exists(session.paths.codes.train))) return undefined;
  const covariates = readCovariates(session.paths)?.fingerprint;
  const inputs = await codesInputs(session, { covariates, fingerprint });
  return encoded === hashOf(inputs) ? codeTables(session) : undefined;
}

/** The tables by which a run's codes are compressed: how often its training slices use each. */
export async function codeTables(session: Session): Promise<CodeTable[]> {
  const { levels } = await neededCodes(session, "train");
  return session.model.levels.map(({ codes }, level) => codeTable(countCodes(levels[level]!.data, codes)));
}
