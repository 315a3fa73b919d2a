import { homedir } from "node:os";
import { basename, extname, join } from "node:path";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { type DatasetConfig, datasetSchema } from "@slicebook/datasets";
import { type LoadedAdapter, loadAdapter } from "@slicebook/datasets/node";
import { stringify } from "yaml";
import { z } from "zod";
import { configSchema, type ResolvedConfig } from "./config.ts";
import { checked } from "./config-issues.ts";
import { jsonSchemaOf } from "./config-json-schema.ts";
import { type ConfigSource, readConfigSource } from "./config-source.ts";
import { pluginHomes } from "./plugin-homes.ts";
import { loadPrior } from "./priors.ts";

/**
 * Reads a YAML file, sets the overrides (`train.epochs=20`) in it, and checks all of it, the options of the
 * data set's adapter and of the prior included.
 *
 * A limit (minutes, epochs, steps) among the overrides replaces all limits that the file gives in that
 * section. Throws `CONFIG_NOT_FOUND`, `ARGUMENT_INVALID` and `CONFIG_INVALID`, with `file:line` or `argument
 * key=value`.
 */
export async function loadConfig(file: string, overrides: readonly string[] = []): Promise<ResolvedConfig> {
  const source = await readConfigSource(file, overrides);
  const config = checked(source, configSchema, source.value);
  const dataset = await checkedDataset(source, config.dataset);
  const prior = await at(source, ["prior", "name"], () => loadPrior(config.prior.name));
  const options = checkedOptions(source, prior.schema, config.prior.options, "prior");
  return {
    ...config,
    dataset,
    prior: { ...config.prior, options: optionsRecord.parse(options) },
    run: { root: fromHome(config.run.root), name: config.run.name ?? basename(file, extname(file)) },
  };
}

/** The `dataset` part of a YAML file, which need not hold more, checked as {@link loadConfig} does. */
export async function loadDatasetConfig(
  file: string,
  overrides: readonly string[],
): Promise<ResolvedConfig["dataset"]> {
  const source = await readConfigSource(file, overrides);
  const { dataset } = checked(source, z.object({ dataset: datasetSchema }), source.value);
  return checkedDataset(source, dataset);
}

/** The configuration as YAML, every default written out; it reads back to itself. */
export function resolvedYaml(config: ResolvedConfig): string {
  return stringify(config, { lineWidth: 110 });
}

const optionsRecord = z.record(z.string(), z.unknown());

async function checkedDataset(
  source: ConfigSource,
  dataset: DatasetConfig,
): Promise<ResolvedConfig["dataset"]> {
  const { adapter }: LoadedAdapter = await at(source, ["dataset", "adapter"], () =>
    loadAdapter(dataset.adapter, { homes: pluginHomes }),
  );
  const options = checkedOptions(source, adapter.schema, dataset.options, "dataset");
  const [height, width] = dataset.size ?? adapter.defaultSize(options);
  return {
    ...dataset,
    ...(dataset.root === undefined ? {} : { root: fromHome(dataset.root) }),
    ...(typeof dataset.cache === "string" ? { cache: fromHome(dataset.cache) } : {}),
    ...(typeof dataset.covariates === "string" ? { covariates: fromHome(dataset.covariates) } : {}),
    size: [height, width],
    options: optionsRecord.parse(options),
  };
}

/** The options of an adapter or a prior, checked by its own schema, which decides what overrides of them mean. */
function checkedOptions<Options>(
  source: ConfigSource,
  schema: z.ZodType<Options>,
  value: Readonly<Record<string, unknown>>,
  section: "dataset" | "prior",
): Options {
  const at = [section, "options"];
  return checked(
    source,
    schema,
    source.readBy(jsonSchemaOf(schema), at, value),
    at,
    remedyOf(source, section),
  );
}

/** What to do about options that the file gives for the adapter or prior that an override has replaced. */
function remedyOf({ overrides }: ConfigSource, section: "dataset" | "prior"): string | undefined {
  const isSet = (key: string) => overrides.some(({ path }) => path.join(".") === `${section}.${key}`);
  const [key, kind] = section === "prior" ? ["name", "prior"] : ["adapter", "adapter"];
  if (!isSet(key) || isSet("options")) return undefined;
  return `Options that the file gives for another ${kind} stay unless they are replaced: add '${section}.options={}', with options of the new one, if any, in the braces.`;
}

/** A path with `~` at its start as the user's home folder, as a shell would have it. */
function fromHome(path: string): string {
  return /^~(?:[/\\]|$)/.test(path) ? join(homedir(), path.slice(1)) : path;
}

/**
 * Runs a step of the checking; a `SlicebookError` of it gets the place in the configuration before its
 * message.
 */
async function at<T>(source: ConfigSource, path: readonly string[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    throw new SlicebookError(error.code, `${source.whereIs(path)}: ${path.join(".")}: ${error.message}`, {
      cause: error,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
}
