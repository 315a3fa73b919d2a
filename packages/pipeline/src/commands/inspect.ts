import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { spread } from "@slicebook/base/util";
import { loadDatasetConfig } from "@slicebook/config";
import { SPLITS } from "@slicebook/datasets";
import { type Dataset, type DatasetSummary, inspectDataset } from "@slicebook/datasets/node";
import { ownRange } from "@slicebook/model";
import { contactSheet, counted } from "@slicebook/report";
import { type ExecuteOptions, openWithProgress, reportProgress } from "@slicebook/session";
import type { Inspection } from "./inspection.ts";

/** Slices of each split on the contact sheet. */
const SHOWN = 16;
/** Warnings of a kind. */
const WARNED = 5;
/** Slices that are read to tell how long an epoch's reading takes. */
const TIMED = 256;
const TIMED_BATCH = 16;

/** Reads every slice of a YAML file's data set and says what there is; dirt is listed rather than refused. */
export async function inspectConfig(
  {
    config: file,
    overrides,
    out,
  }: { config: string; overrides: readonly string[]; out?: string | undefined },
  { onEvent = () => {}, signal }: ExecuteOptions,
): Promise<{ readonly inspection: Inspection; readonly files: readonly string[] }> {
  const config = await loadDatasetConfig(file, overrides);
  const progress = reportProgress(onEvent, "read", "slices");
  const start = performance.now();
  const summary = await inspectDataset(config, {
    onProgress: ({ done, total }) => progress(done, total),
    ...(signal === undefined ? {} : { signal }),
  });
  const decodeSeconds = (performance.now() - start) / 1000;
  for (const text of warnings(summary)) onEvent({ type: "warning", text });
  // For a look, slices of another size are resized where the configuration does not say what to do with them.
  const lenient = {
    ...config,
    sizePolicy: config.sizePolicy ?? "resize",
    onUnreadable: "skip",
    splits: { ...config.splits, allowOverlap: true },
  } as const;
  const splits = SPLITS.filter((split) => summary.splits[split].readable > 0);
  if (splits.length === 0) {
    const [{ path, reason } = { path: "", reason: "there are none" }] = summary.unreadable;
    throw new SlicebookError("DATASET_EMPTY", `no slice can be read; the first, ${path}: ${reason}`, {
      remedy: "Check that the archive was unpacked whole.",
    });
  }
  const dataset = await openWithProgress(lenient, () => {}, signal, { splits });
  const files: string[] = [];
  if (out !== undefined) {
    const sections = splits.map((split) => {
      const { records, originals } = dataset.splits[split];
      const shown = spread(records.length, SHOWN);
      return {
        title: `${split}: ${counted(records.length, "slice")}`,
        images: ownRange(originals(shown), dataset.size),
        captions: shown.map((index) => records[index]!.name),
      };
    });
    await writeFileAtomic(
      out,
      await contactSheet(sections, { title: `${dataset.name}: some of its slices` }),
    );
    onEvent({ type: "file", path: out, what: "contact sheet" });
    files.push(out);
  }
  return {
    files,
    inspection: inspectionOf(summary, dataset.statistics, {
      preparedBytes: dataset.bytes,
      sliceBytes: Float32Array.BYTES_PER_ELEMENT * dataset.size[0] * dataset.size[1],
      decodeSeconds,
      epochSeconds: secondsOfAnEpoch(dataset),
    }),
  };
}

/** Reads some training slices twice, the first time for warming up, and extrapolates from the second. */
function secondsOfAnEpoch({ splits: { train } }: Dataset): number {
  const count = train.records.length;
  const order = spread(count, TIMED);
  const read = () => {
    for (let at = 0; at < order.length; at += TIMED_BATCH) train.images(order.slice(at, at + TIMED_BATCH));
  };
  read();
  const start = performance.now();
  read();
  const seconds = (performance.now() - start) / 1000;
  return order.length === 0 ? 0 : (seconds * count) / order.length;
}

function inspectionOf(
  summary: DatasetSummary,
  statistics: Inspection["statistics"],
  estimate: Inspection["estimate"],
): Inspection {
  const { adapter, root, size, classes, splits, unreadable, duplicates, outliers, fingerprint } = summary;
  const all = SPLITS.map((split) => splits[split]);
  const ranges = all.flatMap(({ range }) => (range === undefined ? [] : [range]));
  const split = (name: (typeof SPLITS)[number]) => ({
    slices: splits[name].slices,
    subjects: splits[name].subjects,
    masks: splits[name].masks,
    classes: classCounts(splits[name], "slices"),
    classSubjects: classCounts(splits[name], "subjects"),
    sizes: splits[name].sizes,
    types: splits[name].types,
    ...(splits[name].range === undefined ? {} : { range: splits[name].range }),
  });
  return {
    dataset: adapter,
    ...(root === undefined ? {} : { root }),
    size,
    classes,
    splits: { train: split("train"), validate: split("validate"), test: split("test") },
    sizes: merged(all.map(({ sizes }) => sizes)),
    types: merged(all.map(({ types }) => types)),
    range: [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))],
    statistics,
    duplicates: duplicates.map(({ slices, acrossSplits }) => ({
      paths: slices.map(({ path }) => path),
      acrossSplits,
    })),
    outliers: outliers.map(({ path, reason }) => ({ path, reason })),
    skipped: unreadable.map(({ path, reason }) => ({ path, reason })),
    overlap: summary.overlap,
    ignored: summary.ignored,
    estimate,
    fingerprint,
  };
}

function classCounts(
  { classes }: DatasetSummary["splits"]["train"],
  what: "slices" | "subjects",
): Record<string, number> {
  return Object.fromEntries(Object.entries(classes).map(([label, counts]) => [label, counts[what]]));
}

function warnings({ overlap, ignored, splits, duplicates, outliers }: DatasetSummary): string[] {
  const empty = SPLITS.filter((split) => splits[split].slices === 0);
  const shared = overlap.map(({ subject, splits }) => `${subject} (${splits.join(", ")})`);
  const leaked = duplicates.filter(({ acrossSplits }) => acrossSplits);
  const same = duplicates.length - leaked.length;
  const paths = (group: (typeof duplicates)[number]) => group.slices.map(({ path }) => path).join(" = ");
  return [
    ...empty.map((split) => `the ${split} split has no slices`),
    ...(shared.length === 0 ? [] : [`subjects in more than one split: ${shared.join("; ")}`]),
    ...few(leaked.map((group) => `the same slice is in more than one split: ${paths(group)}`)),
    ...(same === 0
      ? []
      : [`${counted(same, "slice")} ${same === 1 ? "occurs" : "occur"} more than once within a split`]),
    ...few(outliers.map(({ path, reason }) => `${path}: ${reason}`)),
    ...(ignored.length === 0 ? [] : [ignoredNote(ignored)]),
  ];
}

function ignoredNote(files: readonly string[]): string {
  const [first, ...others] = files;
  return others.length === 0
    ? `1 file is ignored, since its name is not a slice's: ${first}`
    : `${files.length} files are ignored, since their names are not slices': ${first}, …`;
}

/** The first of many warnings of a kind; all of them are in the result. */
function few(warnings: readonly string[]): string[] {
  const rest = warnings.length - WARNED;
  return rest <= 1
    ? [...warnings]
    : [...warnings.slice(0, WARNED), `${rest} more like this: --json lists all`];
}

function merged(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const count of counts) {
    for (const [name, number] of Object.entries(count)) sums[name] = (sums[name] ?? 0) + number;
  }
  return sums;
}
