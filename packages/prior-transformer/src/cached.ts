import { float32, type HostTensors, type Signature, sizeOf } from "@slicebook/base";
import { type GridSpace, type Params, param, sliceConditionSpecs, type TensorRecord } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Memory, type Places, placesOf, reachOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { embed, head, NEIGHBOURS, neighbours, passLayer, start } from "./network.ts";

/*
 * The network one row and one position at a time, from the keys and values of every layer: those of the rows above,
 * `above.keys0`, `above.values0` and so on, and those of the row itself, `own.keys0` and so on.
 */

/** Memories of zeros, `[lanes, heads, places, headWidth]` for each layer: of the rows above, or of a row itself. */
export function emptyMemory(
  config: LevelConfig,
  space: GridSpace,
  { part, lanes }: { readonly part: "above" | "own"; readonly lanes: number },
): HostTensors {
  const { window, columns } = reachOf(config, space);
  const shape = [lanes, config.heads, (part === "above" ? window : 1) * columns, config.headWidth];
  const names = Array.from({ length: config.layers }, (_, layer) => [`keys${layer}`, `values${layer}`]);
  return Object.fromEntries(
    names.flat().map((name) => [`${part}.${name}`, float32(new Float32Array(sizeOf(shape)), shape)]),
  );
}

/** What {@link rowStep} and {@link codeStep} take of `count` positions, besides codes. */
function toldInputs(
  config: LevelConfig,
  space: GridSpace,
  { lanes, count }: { lanes: number; count: number },
): Signature {
  return {
    positions: { shape: [count], dtype: "int32" },
    ...sliceConditionSpecs(space, config, lanes),
    ...(space.earlier.length > 0 && {
      context: { shape: [lanes, 1, count, config.width], dtype: "float32" },
    }),
  };
}

export function rowInputs(config: LevelConfig, space: GridSpace, lanes: number): Signature {
  const { columns } = space;
  return {
    previous: { shape: [lanes, columns], dtype: "int32" },
    codes: { shape: [lanes, columns], dtype: "int32" },
    keep: { shape: [], dtype: "float32" },
    ...toldInputs(config, space, { lanes, count: columns }),
  };
}

/**
 * What there is to remember of a row whose codes are known, from them and those of the row above, `previous`; `keep` is 0
 * in the first row, which has none above, and 1 after it.
 *
 * Gives the memory that the next row looks back on, `above.…`, and the row's own, `own.…`.
 */
export function rowStep(
  config: LevelConfig,
  space: GridSpace,
): (params: Params, above: Params, inputs: Params) => TensorRecord {
  const reach = reachOf(config, space);
  return (params, above, inputs) => {
    const places = placesOf(reach);
    const previous = tf.mul(embed(params, param(inputs, "previous")), param(inputs, "keep"));
    const embedded = tf.stack([previous, embed(params, param(inputs, "codes"))], 1);
    let values = start(params, neighbours(embedded), inputs, inputs.positions);
    const remembered: TensorRecord = {};
    for (let layer = 0; layer < config.layers; layer++) {
      const lookBack = (own: Memory) => {
        const whole = eachOf((role) => tf.concat([param(above, `above.${role}${layer}`), own[role]], 2));
        for (const role of ROLES) {
          const { [role]: known } = whole;
          remembered[`own.${role}${layer}`] = own[role];
          remembered[`above.${role}${layer}`] = tf.slice(known, [0, 0, space.columns, 0], [-1, -1, -1, -1]);
        }
        return [whole];
      };
      values = passLayer(config, params, layer, values, { places, lookBack });
    }
    return remembered;
  };
}

export function codeInputs(config: LevelConfig, space: GridSpace, lanes: number): Signature {
  return {
    near: { shape: [lanes, NEIGHBOURS], dtype: "int32" },
    inside: { shape: [NEIGHBOURS, 1], dtype: "float32" },
    column: { shape: [1], dtype: "int32" },
    ...toldInputs(config, space, { lanes, count: 1 }),
  };
}

/**
 * The network for one position, from its neighbours' codes, `near`, of which `inside` says with 0 or 1 whether there are such.
 *
 * The carry is the memory of the rows above, which stays as it is, and of the row itself, to which the position is added.
 * Gives `logits` `[lanes, K]`.
 */
export function codeStep(
  config: LevelConfig,
  space: GridSpace,
): (params: Params, carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  const reach = reachOf(config, space);
  return (params, carry, inputs) => {
    const column = param(inputs, "column") as tf.Tensor1D;
    const { distance, hidden } = placesOf(reach);
    const places: Places = { distance: tf.gather(distance, column), hidden: tf.gather(hidden, column) };
    const isHere = tf.equal(tf.range(0, space.columns, 1, "int32"), column);
    const here = tf.reshape(tf.cast(isHere, "float32"), [space.columns, 1]);
    const near = tf.mul(embed(params, param(inputs, "near")), param(inputs, "inside"));
    const [lanes, count, width] = near.shape as [number, number, number];
    let values = start(params, tf.reshape(near, [lanes, 1, 1, count * width]), inputs, inputs.positions);
    const remembered: TensorRecord = { ...carry };
    for (let layer = 0; layer < config.layers; layer++) {
      const lookBack = (newest: Memory) => {
        const above = eachOf((role) => param(carry, `above.${role}${layer}`));
        const own = eachOf((role) => {
          const before = param(carry, `own.${role}${layer}`);
          return tf.add(tf.mul(before, tf.sub(1, here)), tf.mul(newest[role], here));
        });
        for (const role of ROLES) remembered[`own.${role}${layer}`] = own[role];
        return [above, own];
      };
      values = passLayer(config, params, layer, values, { places, lookBack });
    }
    return [remembered, { logits: head(params, values) }];
  };
}

const ROLES = ["keys", "values"] as const;

function eachOf(make: (role: (typeof ROLES)[number]) => tf.Tensor): Memory {
  return { keys: make("keys"), values: make("values") };
}
