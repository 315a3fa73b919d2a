import { float32, type HostTensors, int32, random, sizeOf } from "@slicebook/base";
import {
  type CodeSpace,
  mapRecord,
  type Params,
  type SampleOptions,
  type SamplerEngine,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { GridSpace } from "../src/grid-space.ts";
import { drawCode, type PixelcnnConfig, pixelcnn, pixelcnnSchema } from "../src/index.ts";
import { logits } from "../src/network.ts";
import { uniformAt } from "../src/sample.ts";

/** A small network, without noise unless it is asked for. */
export function smallConfig(changes: Partial<PixelcnnConfig> = {}): PixelcnnConfig {
  return {
    ...pixelcnnSchema.parse({
      layers: 3,
      hidden: 6,
      headWidth: 10,
      firstKernel: 5,
      dropout: 0,
      corruption: 0,
    }),
    ...changes,
  };
}

/** The same grid as the contract of priors has it. */
export function codeSpace({ classes, ...level }: GridSpace): CodeSpace {
  return { levels: [level], classes };
}

/** Weights of which none is zero, so that everything that can matter does. */
export function livelyWeights(config: PixelcnnConfig, space: GridSpace, seed = 1): HostTensors {
  const prior = pixelcnn.bind(config, codeSpace(space));
  const weights = prior.parameters(prior.initialCarry(seed), { average: false });
  return mapRecord(weights, (tensor, name) => {
    const noise = random(seed, "lively", name).normals(sizeOf(tensor.shape), 0.3);
    return float32(
      noise.map((value, index) => value + 1.5 * tensor.data[index]!),
      tensor.shape,
    );
  });
}

export function randomCodes({ codes, rows, columns }: GridSpace, batch: number, seed = 2) {
  const stream = random(seed, "codes");
  const values = Int32Array.from({ length: batch * rows * columns }, () => stream.integer(codes));
  return int32(values, [batch, rows, columns]);
}

/** The host's tensors on the active tfjs backend. */
export function onBackend(tensors: HostTensors): Params {
  return mapRecord(tensors, ({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
}

/** Draws as `sample` does, but with a pass through the whole network for every position. */
export async function sampleNaively(
  config: PixelcnnConfig,
  space: GridSpace,
  engine: SamplerEngine,
  parameters: HostTensors,
  options: SampleOptions,
): Promise<Int32Array> {
  const { count, seed, labels, given } = options;
  const size = space.rows * space.columns;
  const shape = [count, space.rows, space.columns];
  const withLabels = space.classes > 0;
  const forward = await engine.compile(
    (params: Params, inputs: Params) =>
      logits(config, params, inputs.codes!, withLabels ? { labels: inputs.labels } : {}),
    [{ codes: { shape, dtype: "int32" }, ...(withLabels && { labels: { shape: [count], dtype: "int32" } }) }],
    { parameters },
  );
  const codes = new Int32Array(count * size);
  for (let position = 0; position < size; position++) {
    const inputs = {
      codes: int32(codes.slice(), shape),
      ...(withLabels && { labels: int32(Int32Array.from(labels!), [count]) }),
    };
    const { data } = (await forward.run(inputs)) as { data: Float32Array };
    for (let index = 0; index < count; index++) {
      const start = (index * size + position) * space.codes;
      const own = data.subarray(start, start + space.codes);
      if (given?.known[position]) {
        codes[index * size + position] = given.codes[position]!;
        continue;
      }
      codes[index * size + position] = drawCode(own, uniformAt(seed, index, position), options);
    }
  }
  await forward.dispose();
  return codes;
}
