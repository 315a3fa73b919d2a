import {
  type HostTensor,
  type HostTensors,
  int32,
  isSlicebookError,
  sizeOf,
  type TensorEngine,
  type TensorSpec,
} from "@slicebook/base";
import { blamedOnPlugin, pluginError } from "@slicebook/base/node";
import { priorKind, type ResolvedConfig } from "@slicebook/config";
import { type BoundPrior, checkCarry, ofLevel, stepInputs, UNKNOWN } from "@slicebook/core";
import type { CodeGrids } from "@slicebook/runs/tensors";
import { createLikelihoodMeter } from "@slicebook/session";

/**
 * Takes one step of every part of a plug-in's prior, scores a grid and draws one, all with codes of 0, so that what it
 * lacks is found before the training rather than after it.
 */
export async function tryPrior(prior: BoundPrior, trial: Trial): Promise<void> {
  try {
    await tried(prior, trial);
  } catch (error) {
    const blamed = blamedOnPlugin(error);
    if (isSlicebookError(blamed)) throw blamed;
    // What fails in an engine says nothing of where, but nothing else than the prior was run.
    throw pluginError(error, { name: trial.config.prior.name, kind: priorKind });
  }
}

interface Trial {
  readonly engine: TensorEngine;
  readonly config: ResolvedConfig;
  readonly classes: readonly string[];
}

async function tried(prior: BoundPrior, { engine, config, classes }: Trial): Promise<void> {
  const { seed } = config;
  const carries: HostTensors[] = [];
  for (const part of prior.parts) {
    const batch = ofLevel(config.prior.batch, part.levels[0]!);
    const signature = stepInputs(prior, part, batch);
    const noise = part.stepNoise({ seed, step: 0, batch });
    const loop = await engine.loop(part.trainStep, part.initialCarry(seed), signature);
    try {
      const inputs = Object.entries(signature).map(([name, spec]) => [name, noise[name] ?? zeros(spec)]);
      await loop.next(Object.fromEntries(inputs));
      const carry = await loop.read();
      checkCarry(part, carry);
      carries.push(carry);
    } finally {
      await loop.dispose();
    }
  }
  const parameters = prior.parameters(Object.assign({}, ...carries), { average: true });
  const meter = await createLikelihoodMeter(engine, prior, parameters, { batch: 1 });
  const grids: CodeGrids = {
    levels: prior.space.levels.map(({ rows, columns }) =>
      int32(new Int32Array(rows * columns), [1, rows, columns]),
    ),
    labels: new Int32Array(1),
    classes,
    slicePositions: Float32Array.of(UNKNOWN),
    names: ["trial"],
  };
  await meter.score(parameters, grids).finally(() => meter.dispose());
  await prior.sample(engine, parameters, { count: 1, seed, conditions: { labels: [0] } });
}

function zeros({ shape, dtype }: TensorSpec): HostTensor {
  const size = sizeOf(shape);
  return dtype === "int32"
    ? { shape, dtype, data: new Int32Array(size) }
    : { shape, dtype, data: new Float32Array(size) };
}
