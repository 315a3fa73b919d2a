import {
  float32,
  type HostTensors,
  int32,
  random,
  sizeOf,
  type TensorEngine,
  type TensorSpec,
} from "@slicebook/base";
import {
  type CodeLevel,
  type CodeSpace,
  contextOf,
  drawCode,
  gridSpaces,
  levelPrefix,
  mapRecord,
  ofLevel,
  type Params,
  type SampleOptions,
  slicePositionAt,
  uniformAt,
  withoutPrefix,
} from "@slicebook/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { type LevelConfig, levelConfig } from "../src/config.ts";
import { type PixelcnnConfig, pixelcnn, pixelcnnSchema } from "../src/index.ts";
import { logits } from "../src/network.ts";

/** A small network, without noise unless it is asked for. */
export function smallConfig(changes: Partial<LevelConfig> = {}): LevelConfig {
  const config = pixelcnnSchema.parse({
    layers: 3,
    hidden: 6,
    headWidth: 10,
    firstKernel: 5,
    dropout: 0,
    corruption: 0,
  });
  return { ...levelConfig(config, 0), ...changes };
}

/** A grid, and the classes it is conditioned on. */
export interface Grid extends CodeLevel {
  readonly classes: number;
}

/** The same grid as the contract of priors has it. */
export function codeSpace({ classes, ...level }: Grid): CodeSpace {
  return { levels: [level], classes };
}

/** Weights of which none is zero, so that everything that can matter does. */
export function livelyWeights(config: PixelcnnConfig, space: Grid | CodeSpace, seed = 1): HostTensors {
  const prior = pixelcnn.bind(config, "levels" in space ? space : codeSpace(space));
  const carries = prior.parts.map((part) => part.initialCarry(seed));
  const weights = prior.parameters(Object.assign({}, ...carries), { average: false });
  return mapRecord(weights, (tensor, name) => {
    const noise = random(seed, "lively", name).normals(sizeOf(tensor.shape), 0.3);
    return float32(
      noise.map((value, index) => value + 1.5 * tensor.data[index]!),
      tensor.shape,
    );
  });
}

export function randomCodes({ codes, rows, columns }: CodeLevel, batch: number, seed = 2) {
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
  space: CodeSpace,
  engine: TensorEngine,
  parameters: HostTensors,
  {
    count,
    seed,
    conditions: { labels, slicePositions } = {},
    given,
    temperature = 1,
    topK,
    topP = 1,
  }: SampleOptions,
): Promise<Int32Array[]> {
  const spaces = gridSpaces(space);
  const withLabels = space.classes > 0;
  const drawn: { data: Int32Array; shape: number[] }[] = [];
  for (const [level, grid] of spaces.entries()) {
    const levelOptions = levelConfig(config, level);
    const draw = {
      temperature: ofLevel(temperature, level),
      topP: ofLevel(topP, level),
      ...(topK !== undefined && { topK }),
    };
    const size = grid.rows * grid.columns;
    const shape = [count, grid.rows, grid.columns];
    const spec = (sides: number[]): TensorSpec => ({ shape: sides, dtype: "int32" });
    const forward = await engine.compile(
      (all: Params, codes: Tensor, earlier: readonly Tensor[], classes: Tensor, positions: Tensor) => {
        const params = withoutPrefix(levelPrefix(level, spaces.length), all);
        return logits(levelOptions, params, codes, {
          ...(withLabels && { labels: classes }),
          ...(config.slicePosition && { slicePositions: positions }),
          ...(level > 0 && { context: contextOf(params, earlier, grid) }),
        });
      },
      [spec(shape), drawn.map((one) => spec(one.shape)), spec([count]), { shape: [count], dtype: "float32" }],
      { parameters },
    );
    const codes = new Int32Array(count * size);
    const earlier = drawn.map((one) => int32(one.data, one.shape));
    const classes = int32(
      Int32Array.from({ length: count }, (_, index) => labels?.[index] ?? 0),
      [count],
    );
    const positions = float32(
      Array.from({ length: count }, (_, index) => slicePositions?.[index] ?? slicePositionAt(seed, index)),
      [count],
    );
    for (let position = 0; position < size; position++) {
      const { data } = await forward.run(int32(codes.slice(), shape), earlier, classes, positions);
      for (let index = 0; index < count; index++) {
        const start = (index * size + position) * grid.codes;
        const values = data.subarray(start, start + grid.codes);
        const known = given?.[level];
        codes[index * size + position] = known?.known[position]
          ? known.codes[position]!
          : drawCode(values, uniformAt(seed, index, position, level), draw);
      }
    }
    await forward.dispose();
    drawn.push({ data: codes, shape });
  }
  return drawn.map(({ data }) => data);
}
