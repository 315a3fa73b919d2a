import { setImmediate } from "node:timers/promises";
import { interruptedError, random } from "@slicebook/base";
import { variedCopies } from "@slicebook/config";
import { VARIATIONS, vary } from "@slicebook/datasets";
import { createEncoder, emptyLevels } from "@slicebook/model";
import { type CodeGrids, joinGrids, takeGrids } from "@slicebook/runs/tensors";
import { reportProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import { modelParameters } from "./trained-model.ts";

/** Varied slices at most, which bounds the time to encode them and what their codes take. */
const MOST = 8192;
/**
 * Training grids, and those of `prior.augment.copies` varied copies of each training slice: slices are varied and then
 * encoded, so that each grid is one that the encoder gives. Of more than 8192, that many are taken evenly, by the seed.
 */
export async function withVariedGrids(session: Session, grids: CodeGrids): Promise<CodeGrids> {
  const { config, model, signal, emit } = session;
  const { copies: _, ...variation } = config.prior.augment;
  const copies = variedCopies(config.prior.augment, grids.labels.length);
  const asTheyAre = { ...grids, variations: new Float32Array(grids.labels.length * VARIATIONS) };
  if (copies === 0) return asTheyAre;
  const { splits } = await session.unchangedDataset();
  const { batch } = config.train;
  const total = Math.min(MOST, copies * grids.labels.length);
  const order = random(config.seed, "varied-slices").permutation(grids.labels.length);
  const chosen = Int32Array.from({ length: total }, (_, index) => order[index % order.length]!);
  const encoder = await createEncoder(await session.engine(), await modelParameters(session), {
    model,
    batch,
  });
  const levels = emptyLevels(model, total);
  const variations = new Float32Array(total * VARIATIONS);
  const progress = reportProgress(emit, "train-prior", "images");
  try {
    for (let start = 0; start < total; start += batch) {
      if (signal?.aborted) throw interruptedError();
      const part = chosen.subarray(start, start + batch);
      const shape = { count: part.length, height: model.size[0], width: model.size[1] };
      const source = random(config.seed, "prior-augment", start);
      const varied = vary(splits.train.images(part), shape, variation, source);
      variations.set(varied.variations, start * VARIATIONS);
      for (const [level, { data }] of (await encoder.encode(varied.images)).entries()) {
        levels[level]!.data.set(data, (start * data.length) / part.length);
      }
      progress(start + part.length, total);
      await setImmediate();
    }
  } finally {
    await encoder.dispose();
  }
  return joinGrids(asTheyAre, { ...takeGrids({ ...grids, levels: [] }, chosen), levels, variations });
}
