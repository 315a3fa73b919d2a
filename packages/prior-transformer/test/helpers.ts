import { float32, type HostTensors, random, sizeOf } from "@slicebook/base";
import { type CodeSpace, mapRecord } from "@slicebook/core";
import { type LevelConfig, levelConfig } from "../src/config.ts";
import { type TransformerConfig, transformer, transformerSchema } from "../src/index.ts";

/** A small network, without noise unless it is asked for. */
export function smallConfig(changes: Partial<LevelConfig> = {}): LevelConfig {
  const config = transformerSchema.parse({
    layers: 2,
    width: 6,
    heads: 2,
    headWidth: 4,
    window: 2,
    expansion: 2,
    dropout: 0,
    corruption: 0,
  });
  return { ...levelConfig(config, 0), ...changes };
}

/** Weights of which none is zero, so that everything that can matter does. */
export function lively(weights: HostTensors): HostTensors {
  return mapRecord(weights, ({ data, shape }, name) => {
    const noise = random(1, "lively", name).normals(sizeOf(shape), 0.3);
    return float32(
      noise.map((value, at) => value + 1.5 * data[at]!),
      shape,
    );
  });
}

/** Such weights of a prior that is not trained. */
export function livelyWeights(config: TransformerConfig, space: CodeSpace): HostTensors {
  const prior = transformer.bind(config, space);
  const carries = prior.parts.map((part) => part.initialCarry(1));
  return lively(prior.parameters(Object.assign({}, ...carries), { average: false }));
}
