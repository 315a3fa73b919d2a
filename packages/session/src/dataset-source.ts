import { spread } from "@slicebook/base/util";
import type { ResolvedConfig } from "@slicebook/config";
import { type DatasetAdapter, type SliceRecord, SPLITS } from "@slicebook/datasets";
import { loadAdapter } from "@slicebook/datasets/node";

/** What a data set is opened with. */
export interface DatasetSource {
  readonly config: ResolvedConfig["dataset"];
  /** Adapters that stand in for the ones that the configuration names. */
  readonly adapters: readonly DatasetAdapter[];
}

/**
 * The data set of a run: the configuration's, unless few of its slices are to be used.
 *
 * @param few at most this many slices of each split, for a run that is only tried
 */
export async function datasetSource(
  { dataset, train: { overfit } }: ResolvedConfig,
  few: number | undefined,
): Promise<DatasetSource> {
  if (overfit === null && few === undefined) return { config: dataset, adapters: [] };
  const { adapter } = await loadAdapter(dataset.adapter);
  const cut = (records: readonly SliceRecord[]) => {
    const chosen = overfit === null ? records : sameInEverySplit(records, overfit);
    return few === undefined ? chosen : someOfEverySplit(chosen, few);
  };
  const smaller: DatasetAdapter = {
    ...adapter,
    // As the configuration has it: a module is named by its path.
    name: dataset.adapter,
    async list(context) {
      const listing = await adapter.list(context);
      return { ...listing, records: cut(listing.records) };
    },
  };
  // Overfitting puts subjects into all splits, on purpose; so few slices are not worth a cache.
  const splits = overfit === null ? dataset.splits : { ...dataset.splits, allowOverlap: true };
  return { config: { ...dataset, splits, cache: false }, adapters: [smaller] };
}

function sameInEverySplit(records: readonly SliceRecord[], count: number): SliceRecord[] {
  const chosen = some(
    records.filter(({ split }) => split === "train"),
    count,
  );
  return SPLITS.flatMap((split) => chosen.map((record) => ({ ...record, split })));
}

function someOfEverySplit(records: readonly SliceRecord[], count: number): SliceRecord[] {
  return SPLITS.flatMap((split) =>
    some(
      records.filter((record) => record.split === split),
      count,
    ),
  );
}

/** This many of a list, evenly over it. */
function some<T>(items: readonly T[], count: number): T[] {
  return [...spread(items.length, count)].map((index) => items[index]!);
}
