import { setImmediate } from "node:timers/promises";
import { interruptedError } from "@slicebook/base";
import { UNKNOWN } from "@slicebook/core";
import { SPLITS, slicePositions } from "@slicebook/datasets";
import { createEncoder, emptyLevels } from "@slicebook/model";
import { trainedModel, writeCovariates } from "@slicebook/runs";
import { type CodeGrids, saveCodes } from "@slicebook/runs/tensors";
import {
  codesInputs,
  learnedCovariates,
  modelParameters,
  placementOfRecord,
  reportProgress,
  saveGrain,
} from "@slicebook/session";
import type { StageDefinition } from "./stage.ts";

/** Slices into code grids, split by split: what the prior is trained on. */
export const encodeStage: StageDefinition = {
  name: "encode",
  sections: ["engine"],
  needs: [trainedModel],
  resumable: false,

  inputs: async (session) => codesInputs(session, { covariates: await session.covariateFingerprint() }),

  outputs: ({ paths }) => [...SPLITS.map((split) => paths.codes[split]), paths.grain],

  async prepare(session) {
    await learnedCovariates(session);
  },

  async run(session) {
    const { config, model, paths, signal, emit } = session;
    const { batch } = config.train;
    const dataset = await session.dataset();
    const { splits, classes } = dataset;
    const covariates = await learnedCovariates(session);
    for (const text of covariates?.warnings ?? []) emit({ type: "warning", text });
    const parameters = await modelParameters(session);
    const encoder = await createEncoder(await session.engine(), parameters, { model, batch });
    const total = SPLITS.reduce((sum, split) => sum + splits[split].records.length, 0);
    const progress = reportProgress(emit, "encode", "images");
    let done = 0;
    try {
      for (const split of SPLITS) {
        const { records, images } = splits[split];
        const levels = emptyLevels(model, records.length);
        for (let start = 0; start < records.length; start += batch) {
          if (signal?.aborted) throw interruptedError();
          const count = Math.min(batch, records.length - start);
          const part = Array.from({ length: count }, (_, index) => start + index);
          for (const [level, { data }] of (await encoder.encode(images(part))).entries()) {
            levels[level]!.data.set(data, (start * data.length) / count);
          }
          done += count;
          progress(done, total);
          await setImmediate();
        }
        const grids: CodeGrids = {
          levels,
          labels: Int32Array.from(records, ({ label }) => Math.max(0, classes.indexOf(label ?? ""))),
          classes,
          slicePositions: Float32Array.from(slicePositions(records), (position) => position ?? UNKNOWN),
          covariates: covariates?.encoded(split),
          names: records.map(({ name }) => name),
          placement: await placementOfRecord(config.dataset, records[0]!),
        };
        await saveCodes(paths.codes[split], grids);
        session.made(paths.codes[split], `code grids of the ${split} split`);
        if (split === "train") await saveGrain(session, dataset, { parameters, codes: grids });
      }
      await writeCovariates(paths, covariates?.kept);
      if (covariates !== undefined) session.made(paths.covariates, "what is known of slices besides");
    } finally {
      await encoder.dispose();
    }
  },
};
