import type { HostTensors } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { spread } from "@slicebook/base/util";
import { type Grain, grainSchema, learnGrain } from "@slicebook/core";
import type { Dataset } from "@slicebook/datasets/node";
import { decodeCodes } from "@slicebook/model";
import { readJsonIfThere } from "@slicebook/runs";
import { type CodeGrids, takeGrids } from "@slicebook/runs/tensors";
import type { Session } from "./session.ts";

/** Training slices whose residuals are measured, at most: two digits of each deviation are steady. */
const MOST_SLICES = 128;
/** Slices decoded at a time. */
const DECODED = 8;

/** Measures what training slices have beyond what their codes say, and keeps it for samples. */
export async function saveGrain(
  session: Session,
  { preprocessing, splits }: Dataset,
  { parameters, codes }: { readonly parameters: HostTensors; readonly codes: CodeGrids },
): Promise<void> {
  const { model, paths } = session;
  const chosen = spread(codes.names.length, MOST_SLICES);
  const decoded = await decodeCodes(await session.engine(), parameters, takeGrids(codes, chosen).levels, {
    model,
    preprocessing,
    batch: DECODED,
  });
  const [height, width] = model.size;
  const grain = learnGrain(splits.train.images(chosen), decoded, { height, width });
  await writeFileAtomic(paths.grain, `${JSON.stringify(grain)}\n`);
  session.made(paths.grain, "grain of the training slices");
}

/**
 * The grain that samples are given; undefined where they are to have none, or where the run was encoded before there was
 * any, which a warning says.
 */
export async function samplesGrain({ config, paths, emit }: Session): Promise<Grain | undefined> {
  if (!config.sample.grain) return undefined;
  const remedy = "Delete it and run `slicebook encode` again.";
  const grain = readJsonIfThere(paths.grain, grainSchema, remedy);
  if (grain !== undefined) return grain;
  const text =
    "samples have no grain: this run was encoded by an earlier version; `slicebook encode` measures it";
  emit({ type: "warning", text });
  return undefined;
}
