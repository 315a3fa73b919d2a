import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { SlicebookError } from "@slicebook/base";
import type { z } from "zod";
import { listed } from "./adapters/list-files.ts";
import { type LoadedAdapter, loadAdapter } from "./adapters/load-adapter.ts";
import type { CovariateValues } from "./covariates/covariate.ts";
import { covariatesFile, readCovariates } from "./covariates/read-covariates.ts";
import { imagePathsOf } from "./formats/registry.ts";
import { naturalOrder } from "./natural-order.ts";
import { type DatasetConfig, type DatasetInput, datasetSchema } from "./schema.ts";
import { type DatasetAdapter, type DecodeContext, type SliceRecord, SPLITS, type Split } from "./types.ts";

/** Sets of at most this many bytes are fingerprinted by content. */
const SMALL_SET_BYTES = 64 * 2 ** 20;
const FILES_AT_ONCE = 32;

/** What {@link listDataset} takes besides the configuration. */
export interface ListDatasetOptions {
  /** Adapters beyond the built-in ones, found by their names. */
  readonly adapters?: readonly DatasetAdapter[];
  /** The folder from which a path to an adapter's module starts; the working directory unless given. */
  readonly from?: string;
  /** Changes the slices that the adapter has listed, such as their splits, before anything is checked. */
  readonly arrange?: (records: readonly SliceRecord[]) => readonly SliceRecord[];
}

/** A data set whose slices are listed and checked, but not read. */
export interface ListedDataset {
  readonly config: DatasetConfig;
  readonly loaded: LoadedAdapter;
  readonly context: DecodeContext<unknown>;
  readonly records: readonly SliceRecord[];
  readonly classes: readonly string[];
  readonly ignored: readonly string[];
  readonly places: Readonly<Record<Split, string>>;
  fingerprint(): Promise<string>;
  /** The same of the masks; undefined where no slice has one. */
  maskFingerprint(): Promise<string | undefined>;
  /** What is known of slices besides their class; undefined where nothing is. Throws `COVARIATES_INVALID`. */
  covariates(): KnownCovariates | undefined;
  /**
   * A text for each record that tells which content its file had when it was looked at: size and time of change.
   * `undefined` where the record names no file.
   */
  marks(): Promise<readonly (string | undefined)[]>;
}

/** What is known of a data set's slices besides their class. */
export interface KnownCovariates {
  of(record: SliceRecord): CovariateValues;
  /** What was given and has no use. */
  readonly warnings: readonly string[];
  /** Changes when a value does. */
  readonly fingerprint: string;
}

/** Checks a configuration, lists the slices it names, and checks that no subject is in two splits. */
export async function listDataset(
  input: DatasetInput,
  { adapters = [], from, arrange = (records) => records }: ListDatasetOptions = {},
): Promise<ListedDataset> {
  const config = parsed(datasetSchema, input, "dataset");
  const givenAdapter = adapters.find((adapter) => adapter.name === config.adapter);
  const loaded =
    givenAdapter === undefined
      ? await loadAdapter(config.adapter, from === undefined ? {} : { from })
      : { adapter: givenAdapter, specifier: undefined };
  const { adapter } = loaded;
  const options = parsed(adapter.schema, config.options, "dataset.options");
  const { seed, root } = config;
  const listing = await adapter.list({ root, options, seed, validateFraction: config.splits.validate });
  const arranged = arrange(listing.records);
  if (!config.splits.allowOverlap) checkOverlap(arranged);
  const records = withUniqueNames(arranged);
  const labels = new Set(records.flatMap(({ label }) => label ?? []));
  let pendingStats: Promise<FileStats> | undefined;
  let printing: Promise<string> | undefined;
  const filesOnDisk = () => {
    pendingStats ??= statsOfFiles(records);
    return pendingStats;
  };
  const context = { options, seed, size: config.size ?? adapter.defaultSize(options) };
  return {
    config,
    loaded,
    context,
    records,
    classes: listing.classes ?? [...labels].sort(naturalOrder),
    ignored: listing.ignored.filter((path) => resolve(path) !== covariatesFile(config)),
    places: listing.places,
    async fingerprint() {
      printing ??= filesOnDisk().then((files) => fingerprint(config, context, records, files));
      return printing;
    },
    async maskFingerprint() {
      const masks = records.flatMap(({ mask, ...record }) =>
        mask === undefined ? [] : [{ ...record, path: mask }],
      );
      if (masks.length === 0) return undefined;
      return fingerprint(config, context, masks, await statsOfFiles(masks));
    },
    covariates() {
      const file = covariatesFile(config);
      const read = file === undefined ? undefined : readCovariates(file, records);
      if (read === undefined && adapter.covariates === undefined) return undefined;
      const of = (record: SliceRecord) => ({ ...adapter.covariates?.(record, context), ...read?.of(record) });
      const known = records.map((record) => [record.split, record.name, of(record)] as const);
      const warnings = read?.warnings ?? [];
      const nothing = known.every(([, , values]) => Object.keys(values).length === 0);
      if (nothing && warnings.length === 0) return undefined;
      return { of, warnings, fingerprint: hash(JSON.stringify(known)) };
    },
    marks: async () => {
      const files = await filesOnDisk();
      return records.map(({ path }) => markOf(path, files));
    },
  };
}

/**
 * A text that changes when a slice or an option that decides a value does, without decoding anything.
 *
 * It starts with `content:` where all files were hashed (sets of up to 64 MiB), else with `sizes:`, which is
 * made of the files' names and sizes and does not see an edit that keeps a file's size. A copy of the folder
 * has the same.
 */
export async function fingerprintDataset(
  input: DatasetInput,
  options: ListDatasetOptions = {},
): Promise<string> {
  return (await listDataset(input, options)).fingerprint();
}

/**
 * The same for the masks of the slices, on which nothing but the evaluation depends; undefined where no slice has one.
 */
export async function fingerprintMasks(
  input: DatasetInput,
  options: ListDatasetOptions = {},
): Promise<string | undefined> {
  return (await listDataset(input, options)).maskFingerprint();
}

/** What the file system says of a file; absent if there is none: a pipe or a device is not one. */
type FileStats = ReadonlyMap<string, { readonly bytes: number; readonly modified: number } | undefined>;

async function statsOfFiles(records: readonly SliceRecord[]): Promise<FileStats> {
  const paths = [...new Set(records.flatMap(({ path }) => filesOf(path)))];
  const stats = await inParts(paths, (path) =>
    stat(path).then(
      (info) => (info.isFile() ? { bytes: info.size, modified: info.mtimeMs } : undefined),
      () => undefined,
    ),
  );
  return new Map(paths.map((path, index) => [path, stats[index]]));
}

/** A slice's file, and the one with its values where it is only a header. */
function filesOf(path: string): readonly string[] {
  return [path, ...imagePathsOf(path)];
}

function markOf(path: string, files: FileStats): string | undefined {
  const marks = filesOf(path).flatMap((file) => {
    const stats = files.get(file);
    return stats === undefined ? [] : [`${stats.bytes}@${stats.modified}`];
  });
  return marks.length === 0 ? undefined : marks.join("+");
}

async function fingerprint(
  { adapter, root = "", sizePolicy, preprocessing, splits }: DatasetConfig,
  { options, seed, size }: DecodeContext<unknown>,
  records: readonly SliceRecord[],
  fileStats: FileStats,
): Promise<string> {
  // An adapter may draw its slices: what is not a file is decided by its name, the options and the seed.
  const paths = [...fileStats].flatMap(([path, stats]) => (stats === undefined ? [] : [{ path, ...stats }]));
  const small = paths.reduce((sum, { bytes }) => sum + bytes, 0) <= SMALL_SET_BYTES;
  const contents = small ? await inParts(paths, ({ path }) => readFile(path).then(hash, () => "")) : [];
  const marks = new Map(paths.map(({ path, bytes }, index) => [path, [bytes, contents[index] ?? ""]]));
  const files = records.map(({ path, split, subject, slice, label = "" }) => [
    relativeTo(root, path),
    split,
    subject,
    slice,
    label,
    ...filesOf(path).flatMap((file) => marks.get(file) ?? []),
  ]);
  const text = JSON.stringify([
    adapter,
    options,
    seed,
    size,
    sizePolicy ?? "",
    preprocessing,
    splits.validate,
    files,
  ]);
  return `${small ? "content" : "sizes"}:${hash(text)}`;
}

/** A path below the data set's root, with slashes on every system. */
export function relativeTo(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}

function hash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function inParts<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += FILES_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + FILES_AT_ONCE).map(read))));
  }
  return results;
}

function checkOverlap(records: readonly SliceRecord[]): void {
  const shared = overlapOf(records);
  if (shared.length === 0) return;
  const names = shared.map(({ subject, splits }) => `${subject} (${splits.join(", ")})`);
  const subjects = shared.length === 1 ? "1 subject is" : `${shared.length} subjects are`;
  throw new SlicebookError("DATASET_OVERLAP", `${subjects} in more than one split: ${listed(names, 20)}`, {
    remedy: "Move each subject's slices to one split, or set dataset.splits.allowOverlap to true and say so.",
  });
}

/** The subjects that are in more than one split, in the order of the records. */
export function overlapOf(records: readonly SliceRecord[]): { subject: string; splits: Split[] }[] {
  const splits = new Map<string, Set<Split>>();
  for (const { subject, split } of records) {
    const set = splits.get(subject);
    if (set === undefined) splits.set(subject, new Set([split]));
    else set.add(split);
  }
  return [...splits]
    .filter(([, set]) => set.size > 1)
    .map(([subject, set]) => ({ subject, splits: SPLITS.filter((split) => set.has(split)) }));
}

/**
 * Slices that share a name get their split's name before it, and a number after it if they still share it.
 */
function withUniqueNames(records: readonly SliceRecord[]): SliceRecord[] {
  const shared = duplicates(records.map(({ name }) => name));
  const split = records.map((record) =>
    shared.has(record.name) ? { ...record, name: `${record.split}_${record.name}` } : record,
  );
  const stillShared = duplicates(split.map(({ name }) => name));
  const counts = new Map<string, number>();
  return split.map((record) => {
    if (!stillShared.has(record.name)) return record;
    const count = (counts.get(record.name) ?? 0) + 1;
    counts.set(record.name, count);
    return { ...record, name: `${record.name}_${count}` };
  });
}

function duplicates(names: readonly string[]): Set<string> {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.has(name) || !seen.add(name)));
}

function parsed<T>(schema: z.ZodType<T>, input: unknown, section: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    (issue) => `${[section, ...issue.path].join(".")}: ${issue.message}`,
  );
  throw new SlicebookError("CONFIG_INVALID", issues.join("; "), {
    remedy: `Fix ${section} in the configuration.`,
  });
}
