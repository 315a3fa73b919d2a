import { basename, join, resolve } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { overrideValue, parseOverride, type ResolvedConfig } from "@slicebook/config";
import type { Dataset } from "@slicebook/datasets/node";
import { type Evaluation, evaluationSchema, readJsonIfThere, readSubjects } from "@slicebook/runs";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import {
  currentTables,
  loadRunConfig,
  openWithProgress,
  type Session,
  trainedSubjects,
} from "@slicebook/session";
import { evaluateDataset } from "../stages/evaluate.ts";

/**
 * Evaluates a run's model on another data set's test split, in the units of its training: into
 * `evaluations/<folder's name>.json`, with pictures beside it.
 */
export async function evaluateElsewhere(session: Session, overrides: readonly string[]): Promise<Evaluation> {
  const { paths, emit, signal } = session;
  const preprocessing = await loadPreprocessing(session);
  const { dataset: config } = await otherConfig(session, overrides);
  if (preprocessing.name === "residual" && String(config.size) !== String(session.config.dataset.size)) {
    throw new SlicebookError(
      "SLICE_SIZE",
      `the model's mean image is ${session.config.dataset.size.join("×")}, not ${config.size.join("×")}`,
      {
        remedy: "Leave dataset.size out, so that slices are brought to the model's size.",
      },
    );
  }
  const dataset = await openWithProgress(config, emit, signal, { splits: ["test"], preprocessing });
  const kept = await readSubjects(paths);
  const trained = kept === undefined ? undefined : trainedSubjects(testSubjects(dataset), kept);
  if (trained !== undefined) emit({ type: "warning", text: trained });
  const name = freeName(paths.evaluations, config, await dataset.fingerprint());
  return evaluateDataset(session, dataset, {
    root: config.root,
    tables: await currentTables(session, (await session.record())?.data.fingerprint),
    picture: join(paths.evaluations, name),
    file: join(paths.evaluations, `${name}.json`),
  });
}

function testSubjects({ splits: { test } }: Dataset): string[] {
  return [...new Set(test.records.map(({ subject }) => subject))];
}

/**
 * The run's configuration with another data set; the run's adapter options are not those of another adapter.
 */
async function otherConfig(session: Session, overrides: readonly string[]): Promise<ResolvedConfig> {
  const keys = overrides.map((text) => parseOverride(text));
  const refused = keys.find(({ path: [section, key] }) => section === "dataset" && key === "preprocessing");
  if (refused !== undefined) {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      `argument ${refused.text}: the model was trained with another preprocessing`,
      {
        remedy: "Leave it out: slices are brought to the model's own units.",
      },
    );
  }
  const named = keys.findLast(({ path }) => path.join(".") === "dataset.adapter");
  const adapter = named === undefined ? undefined : overrideValue(named.given, { type: "string" });
  const another = adapter !== undefined && adapter !== session.config.dataset.adapter;
  return loadRunConfig(session.paths.folder, another ? ["dataset.options={}", ...overrides] : overrides);
}

/** The folder's own name, or the adapter's; with the data's fingerprint if that is taken by other data. */
function freeName(folder: string, { root, adapter }: ResolvedConfig["dataset"], fingerprint: string): string {
  const name = basename(root === undefined ? adapter : resolve(root)) || adapter;
  const there = readJsonIfThere(join(folder, `${name}.json`), evaluationSchema);
  const isFree = there === undefined || there.dataset.fingerprint === fingerprint;
  return isFree ? name : `${name}-${fingerprint.split(":").at(-1)!.slice(0, 8)}`;
}
