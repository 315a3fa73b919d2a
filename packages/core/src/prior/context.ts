import { float32, type HostTensor, type HostTensors, type TensorEngine } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { gridSpecs } from "../code-space.ts";
import { type Params, param } from "../params.ts";
import { constant, fanInUniform, type Weights } from "../weights.ts";
import type { GridSpace } from "./grid-space.ts";
import type { Lanes } from "./level-sampler.ts";

type Grid = Pick<GridSpace, "rows" | "columns">;

/** Vectors of each code of a level before that a code of the next one lies on: down and across. */
function enlargement(from: Grid, to: Grid): readonly [down: number, across: number] {
  return [Math.ceil(to.rows / from.rows), Math.ceil(to.columns / from.columns)];
}

/** The weights of {@link contextOf}, of `width` channels. */
export function contextWeights(
  space: Pick<GridSpace, "rows" | "columns" | "earlier">,
  width: number,
): Weights {
  const uniform = (shape: readonly number[], fanIn: number) => fanInUniform(shape, fanIn, { gain: 1 });
  const { earlier } = space;
  const weights: Record<string, Weights[string]> = {};
  const add = (name: string, shape: readonly number[], fanIn: number) => {
    weights[`${name}.kernel`] = uniform(shape, fanIn);
    weights[`${name}.bias`] = constant(shape.slice(-1), 0);
  };
  const addResidual = (name: string) => {
    for (const side of ["inner", "outer"]) add(`${name}.${side}`, [3, 3, width, width], 9 * width);
  };
  for (const [level, grid] of earlier.entries()) {
    weights[`context.embedding${level}`] = uniform([grid.codes, width], 1);
    addResidual(`context.level${level}`);
    const [down, across] = enlargement(grid, earlier[level + 1] ?? space);
    add(`context.level${level}.lift`, [width, down * across * width], width);
  }
  addResidual("context");
  return weights;
}

/**
 * What the levels before tell of each position: their codes, int32 grids `[b, r, c]` of any size → `[b, rows,
 * columns, width]`.
 *
 * Their codes are known as a whole, so nothing is masked. From the coarsest on, a level's codes are embedded, added to
 * what those before it tell, passed through a residual block of two 3×3 convolutions at its own resolution, and brought
 * to the next one's, each position of which gets a linear map of its own.
 */
export function contextOf(
  params: Params,
  earlier: readonly tf.Tensor[],
  space: Pick<GridSpace, "rows" | "columns" | "earlier">,
): tf.Tensor {
  let told: tf.Tensor | undefined;
  for (const [level, codes] of earlier.entries()) {
    const table = param(params, `context.embedding${level}`);
    const vectors = tf.gather(table, tf.reshape(codes, [codes.size]) as tf.Tensor1D);
    const embedded = tf.reshape(vectors, [...codes.shape, table.shape[1]!]);
    const sum = told === undefined ? embedded : tf.add(told, embedded);
    const name = `context.level${level}`;
    told = lifted(params, `${name}.lift`, residual(params, name, sum), {
      from: space.earlier[level]!,
      to: space.earlier[level + 1] ?? space,
    });
  }
  if (told === undefined) throw new Error("a first level has no context");
  return residual(params, "context", told);
}

/** x + W₂ ReLU(W₁ ReLU(x)) with 3×3 kernels. */
function residual(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const inner = tf.relu(same(params, `${name}.inner`, tf.relu(input)));
  return tf.add(input, same(params, `${name}.outer`, inner));
}

/** `[b, r, c, width]` to another grid: each vector becomes a block of as many as lie on it, by a linear map each. */
function lifted(
  params: Params,
  name: string,
  input: tf.Tensor,
  { from, to }: { readonly from: Grid; readonly to: Grid },
): tf.Tensor {
  const [batch, rows, columns, width] = input.shape as [number, number, number, number];
  const [down, across] = enlargement(from, to);
  const kernel = param(params, `${name}.kernel`) as tf.Tensor2D;
  const flat = tf.matMul(tf.reshape(input, [batch * rows * columns, width]) as tf.Tensor2D, kernel);
  const blocks = tf.reshape(tf.add(flat, param(params, `${name}.bias`)), [
    batch * rows,
    columns,
    down,
    across * width,
  ]);
  const spread = tf.reshape(tf.transpose(blocks, [0, 2, 1, 3]), [
    batch,
    rows * down,
    columns * across,
    width,
  ]);
  return nearest(nearest(spread, 1, to.rows), 2, to.columns);
}

/** The values at `side` places along an axis, each the one that lies there. */
function nearest(values: tf.Tensor, axis: number, side: number): tf.Tensor {
  const from = values.shape[axis]!;
  if (from === side) return values;
  const places = Int32Array.from({ length: side }, (_, index) => Math.floor((index * from) / side));
  return tf.gather(values, tf.tensor1d(places, "int32"), axis);
}

function same(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const kernel = param(params, `${name}.kernel`) as tf.Tensor4D;
  return tf.add(tf.conv2d(input as tf.Tensor4D, kernel, 1, "same"), param(params, `${name}.bias`));
}

/** What the levels before tell of a row's positions, from the first column to the one before `to`: float32 `[lanes, 1, n, width]`. */
export type ContextRows = (row: number, from?: number, to?: number) => HostTensor;

/** {@link contextOf} for lanes of samples. */
export interface ContextSource {
  of(earlier: Lanes["earlier"]): Promise<ContextRows>;
  dispose(): Promise<void>;
}

/** Prepares {@link contextOf} for lanes of samples; undefined for the first level, which has nothing before it. */
export async function contextSource(
  space: GridSpace,
  {
    engine,
    parameters,
    lanes,
  }: { readonly engine: TensorEngine; readonly parameters: HostTensors; readonly lanes: number },
): Promise<ContextSource | undefined> {
  const { earlier, rows, columns } = space;
  if (earlier.length === 0) return undefined;
  const compiled = await engine.compile(
    (params: Params, codes: readonly tf.Tensor[]) => contextOf(params, codes, space),
    [gridSpecs(earlier, lanes)],
    { parameters },
  );
  return {
    async of(earlier) {
      const { data, shape } = await compiled.run(earlier);
      const width = shape.at(-1)!;
      return (row, from = 0, to = columns) => {
        const each = (to - from) * width;
        const values = new Float32Array(lanes * each);
        for (let lane = 0; lane < lanes; lane++) {
          const start = ((lane * rows + row) * columns + from) * width;
          values.set(data.subarray(start, start + each), lane * each);
        }
        return float32(values, [lanes, 1, to - from, width]);
      };
    },
    dispose: () => compiled.dispose(),
  };
}
