import { float32, type HostTensors, type Signature, sizeOf, specsOf } from "@slicebook/base";
import {
  type GridSpace,
  mapRecord,
  type Params,
  param,
  sliceConditionSpecs,
  type TensorRecord,
  withPrefix,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { distanceOf, type Memory, nearest, type Places, placeCount, type Reach } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { codeMemory, embed, head, passLayer, start, sumOf } from "./network.ts";
import { neighbourCount } from "./order.ts";

/*
 * The network one row and one position at a time, from the keys and values of every layer: of the rows above, `above.keys0`,
 * `above.values0` and so on, and in the same way of the row itself, `own.keys0`, and of the rows below, `below.keys0`, where the
 * reach has any. The row's own are kept on the host, where a position can be added without copying the others.
 */

/** The parts of the memory, in the order of the places that a row looks at. */
function memoryParts({ below }: Reach) {
  return below > 0 ? (["above", "own", "below"] as const) : (["above", "own"] as const);
}

/** The memory of a row outside of the grid: zeros `[lanes, heads, columns, headWidth]` for each layer, by `keys0`, `values0`, …. */
export function emptyRow(
  { heads, headWidth, layers }: LevelConfig,
  { columns }: Reach,
  lanes: number,
): HostTensors {
  const shape = [lanes, heads, columns, headWidth];
  const zeros = float32(new Float32Array(sizeOf(shape)), shape);
  return Object.fromEntries(memoryNames(layers).map((name) => [name, zeros]));
}

function memoryNames(layers: number): readonly string[] {
  return Array.from({ length: layers }, (_, layer) => ROLES.map((role) => `${role}${layer}`)).flat();
}

/** Writes a column of a row's memory: the keys and values of the position, as {@link codeStep} gives them in `newest`. */
export function remember(row: HostTensors, column: number, newest: Float32Array): void {
  let from = 0;
  for (const name of memoryNames(Object.keys(row).length / ROLES.length)) {
    const { data, shape } = row[name]!;
    const [lanes, heads, columns, width] = shape as [number, number, number, number];
    for (let head = 0; head < lanes * heads; head++, from += width) {
      data.set(newest.subarray(from, from + width), (head * columns + column) * width);
    }
  }
}

/** What there is to look at around a row, out of the memory of each row by its number. */
export function memoryAround(reach: Reach, row: number, memoryOf: (row: number) => HostTensors): HostTensors {
  const { window, below } = reach;
  const from = (first: number, count: number) =>
    joinedRows(Array.from({ length: count }, (_, next) => memoryOf(first + next)));
  return {
    ...withPrefix("above.", from(row - window, window)),
    ...(below > 0 && withPrefix("below.", from(row + 1, below))),
  };
}

/** `[lanes, heads, columns, headWidth]` of rows, one after the other: `[lanes, heads, rows·columns, headWidth]`. */
function joinedRows(rows: readonly HostTensors[]): HostTensors {
  return mapRecord(rows[0]!, ({ shape: [lanes, heads, columns, width] }, name) => {
    const size = columns! * width!;
    const joined = new Float32Array(lanes! * heads! * rows.length * size);
    for (const [number, row] of rows.entries()) {
      const { data } = row[name]!;
      for (let head = 0; head < lanes! * heads!; head++) {
        joined.set(data.subarray(head * size, (head + 1) * size), (head * rows.length + number) * size);
      }
    }
    return float32(joined, [lanes!, heads!, rows.length * columns!, width!]);
  });
}

interface Form {
  readonly reach: Reach;
  readonly lanes: number;
}

/** What {@link rowStep} and {@link codeStep} take of `count` positions of a row. */
function positionInputs(
  config: LevelConfig,
  space: GridSpace,
  { reach, lanes, count }: Form & { readonly count: number },
): Signature {
  const neighbours = neighbourCount(config);
  return {
    near: { shape: [lanes, count, neighbours], dtype: "int32" },
    inside: { shape: [count, neighbours, 1], dtype: "float32" },
    hidden: { shape: [count, placeCount(reach)], dtype: "float32" },
    positions: { shape: [count], dtype: "int32" },
    ...sliceConditionSpecs(space, config, lanes),
    ...(space.earlier.length > 0 && {
      context: { shape: [lanes, 1, count, config.width], dtype: "float32" },
    }),
  };
}

/** What positions start from: their neighbours' codes, `near`, of which `inside` says with 0 or 1 whether there are such, and what is told. */
function startOf(params: Params, inputs: Params): tf.Tensor {
  const near = tf.mul(embed(params, param(inputs, "near")), param(inputs, "inside"));
  const [lanes, columns, count, width] = near.shape as [number, number, number, number];
  return start(params, tf.reshape(near, [lanes, 1, columns, count * width]), inputs, inputs.positions);
}

export function rowInputs(config: LevelConfig, space: GridSpace, form: Form): Signature {
  const { columns } = space;
  return {
    ...positionInputs(config, space, { ...form, count: columns }),
    ...(config.order === "random" && { codes: { shape: [form.lanes, columns], dtype: "int32" } }),
  };
}

/** What there is to remember of a row whose codes are known, `keys0`, `values0`, …, from what is of those around it. */
export function rowStep(
  config: LevelConfig,
  reach: Reach,
): (params: Params, around: Params, inputs: Params) => TensorRecord {
  return (params, around, inputs) => {
    const places: Places = { distance: distanceOf(reach), hidden: param(inputs, "hidden") };
    let values = startOf(params, inputs);
    const embedded = inputs.codes && tf.expandDims(embed(params, inputs.codes), 1);
    const remembered: TensorRecord = {};
    for (let layer = 0; layer < config.layers; layer++) {
      const look = (newest: Memory) => {
        const rowMemory = embedded ? sumOf(newest, codeMemory(config, params, layer, embedded)) : newest;
        for (const role of ROLES) remembered[`${role}${layer}`] = rowMemory[role];
        const parts = memoryParts(reach).map((part) =>
          part === "own" ? rowMemory : memoryOf(around, part, layer),
        );
        const joined = (role: Role) =>
          tf.concat(
            parts.map(({ [role]: one }) => one),
            2,
          );
        return [eachOf(joined)];
      };
      values = passLayer(config, params, layer, values, { places, look });
    }
    return remembered;
  };
}

export function codeInputs(config: LevelConfig, space: GridSpace, form: Form): Signature {
  return {
    ...positionInputs(config, space, { ...form, count: 1 }),
    column: { shape: [1], dtype: "int32" },
    ...withPrefix("own.", specsOf(emptyRow(config, form.reach, form.lanes))),
  };
}

/**
 * The network for one position.
 *
 * The carry is the memory of the rows around, which stays as it is. The `own` of the inputs has no place for the position itself that
 * would not be hidden: in raster order it is seen besides. Gives `logits` `[lanes, K]` and `newest`, what there is to
 * {@link remember} of the position but for its code, `[2·layers·lanes, heads, 1, headWidth]`.
 */
export function codeStep(
  config: LevelConfig,
  reach: Reach,
): (params: Params, carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  const seesItself = config.order === "raster";
  return (params, carry, inputs) => {
    const around = { ...carry, ...inputs };
    const distance = tf.gather(distanceOf(reach), param(inputs, "column") as tf.Tensor1D);
    const hidden = param(inputs, "hidden");
    const places: Places = seesItself
      ? {
          distance: tf.concat([distance, tf.tensor([[nearest(reach)]], [1, 1], "int32")], 1),
          hidden: tf.concat([hidden, tf.zeros([1, 1])], 1),
        }
      : { distance, hidden };
    let values = startOf(params, inputs);
    const remembered: Memory[] = [];
    for (let layer = 0; layer < config.layers; layer++) {
      const look = (newest: Memory) => {
        remembered.push(newest);
        const parts = memoryParts(reach).map((part) => memoryOf(around, part, layer));
        return seesItself ? [...parts, newest] : parts;
      };
      values = passLayer(config, params, layer, values, { places, look });
    }
    return [{ ...carry }, { logits: head(params, values), newest: packed(remembered) }];
  };
}

/** What codes add to what is remembered of their positions, in the order of {@link codeStep}'s `newest`: `codes`, int32 `[lanes]`. */
export function codesStep(config: LevelConfig): (params: Params, inputs: Params) => TensorRecord {
  return (params, inputs) => {
    const codes = param(inputs, "codes");
    const embedded = tf.reshape(embed(params, codes), [codes.size, 1, 1, config.width]);
    const layers = Array.from({ length: config.layers }, (_, layer) =>
      codeMemory(config, params, layer, embedded),
    );
    return { added: packed(layers) };
  };
}

function packed(layers: readonly Memory[]): tf.Tensor {
  return tf.concat(
    layers.flatMap((memory) => ROLES.map((role) => memory[role])),
    0,
  );
}

function memoryOf(record: Params, part: string, layer: number): Memory {
  return eachOf((role) => param(record, `${part}.${role}${layer}`));
}

const ROLES = ["keys", "values"] as const;
type Role = (typeof ROLES)[number];

function eachOf(make: (role: Role) => tf.Tensor): Memory {
  return { keys: make("keys"), values: make("values") };
}
