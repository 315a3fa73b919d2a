import {
  add,
  conv2d,
  conv2dTranspose,
  relu,
  reshape,
  type Tensor,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import { attention, attentionWeights } from "./attention.ts";
import { type Params, param } from "./params.ts";
import { fanInUniform, type Weights } from "./weights.ts";

/** A layer as data: what its weights are called and their sizes. */
export type Layer =
  | {
      /** A convolution (or its transpose, which enlarges by `stride`) with a bias. */
      readonly kind: "convolution" | "transposed";
      readonly name: string;
      /** Side of the kernel. */
      readonly size: number;
      readonly stride: number;
      readonly from: number;
      readonly to: number;
    }
  | {
      /** x + W₂ ReLU(W₁ ReLU(x)) with a 3×3 kernel W₁ and a 1×1 kernel W₂, without biases. */
      readonly kind: "residual";
      readonly name: string;
      readonly width: number;
      readonly inner: number;
    }
  | {
      /** Self-attention added to its input, with this many heads. */
      readonly kind: "attention";
      readonly name: string;
      readonly width: number;
      readonly heads: number;
    }
  | { readonly kind: "relu" }
  | {
      /** [b, s·h, s·w, 1] → [b, h, w, s²] (`fold`) or back (`unfold`). */
      readonly kind: "fold" | "unfold";
      readonly side: number;
    };

/** Applies layers in turn; images and features are NHWC. */
export function applyLayers(layers: readonly Layer[], params: Params, input: Tensor4D): Tensor4D {
  return layers.reduce((features, layer) => applyLayer(layer, params, features), input);
}

function applyLayer(layer: Layer, params: Params, input: Tensor4D): Tensor4D {
  switch (layer.kind) {
    case "convolution":
      return convolution(params, layer.name, input, { stride: layer.stride });
    case "transposed":
      return transposedConvolution(params, layer.name, input, { stride: layer.stride });
    case "residual": {
      const inner = convolution(params, `${layer.name}.inner`, relu(input));
      return add(input, convolution(params, `${layer.name}.outer`, relu(inner)));
    }
    case "attention":
      return attention(params, layer, input);
    case "relu":
      return relu(input);
    case "fold":
      return foldPatches(input, layer.side);
    case "unfold":
      return unfoldPatches(input, layer.side);
  }
}

/**
 * A convolution with "same" padding: kernel `<name>.kernel` [h, w, in, out], and `<name>.bias` [out] if there is one.
 */
export function convolution(
  params: Params,
  name: string,
  input: Tensor4D,
  { stride = 1 }: { stride?: number } = {},
): Tensor4D {
  const kernel = param(params, `${name}.kernel`) as Tensor4D;
  return withBias(params, name, conv2d(input, kernel, stride, "same"));
}

/** The transpose of a convolution: [b, h, w, in] → [b, s·h, s·w, out], with a kernel [h, w, out, in]. */
export function transposedConvolution(
  params: Params,
  name: string,
  input: Tensor4D,
  { stride }: { stride: number },
): Tensor4D {
  const kernel = param(params, `${name}.kernel`) as Tensor4D;
  const [batch, rows, columns] = input.shape;
  const shape: [number, number, number, number] = [batch, rows * stride, columns * stride, kernel.shape[2]];
  return withBias(params, name, conv2dTranspose(input, kernel, shape, stride, "same"));
}

function withBias(params: Params, name: string, output: Tensor4D): Tensor4D {
  const bias: Tensor | undefined = params[`${name}.bias`];
  return bias === undefined ? output : add(output, bias);
}

/**
 * Space to depth for images of one channel: [b, s·h, s·w, 1] → [b, h, w, s²], a patch's pixels in raster order.
 *
 * Made of reshapes and a transposition, since TensorFlow.js has no gradient for `depthToSpace`.
 */
export function foldPatches(images: Tensor4D, side: number): Tensor4D {
  const [batch, height, width] = images.shape;
  const rows = height / side;
  const columns = width / side;
  const split = reshape(images, [batch, rows, side, columns, side]);
  return reshape(transpose(split, [0, 1, 3, 2, 4]), [batch, rows, columns, side * side]);
}

/** Depth to space, the inverse of {@link foldPatches}: [b, h, w, s²] → [b, s·h, s·w, 1]. */
export function unfoldPatches(patches: Tensor4D, side: number): Tensor4D {
  const [batch, rows, columns] = patches.shape;
  const split = reshape(patches, [batch, rows, columns, side, side]);
  return reshape(transpose(split, [0, 1, 3, 2, 4]), [batch, rows * side, columns * side, 1]);
}

/** The weights of all layers. */
export function layerWeights(layers: readonly Layer[]): Weights {
  return Object.assign({}, ...layers.map(weightsOf));
}

function weightsOf(layer: Layer): Weights {
  switch (layer.kind) {
    case "convolution":
    case "transposed": {
      const { name, kind, size, from, to, stride } = layer;
      const kernel = kind === "convolution" ? [size, size, from, to] : [size, size, to, from];
      // With stride s, an output of the transpose sums over one in s² of the kernel's places only.
      const fanIn = (size * size * from) / (kind === "convolution" ? 1 : stride * stride);
      return { [`${name}.kernel`]: fanInUniform(kernel, fanIn), [`${name}.bias`]: fanInUniform([to], fanIn) };
    }
    case "residual": {
      const { name, width, inner } = layer;
      return {
        [`${name}.inner.kernel`]: fanInUniform([3, 3, width, inner], 9 * width),
        [`${name}.outer.kernel`]: fanInUniform([1, 1, inner, width], inner),
      };
    }
    case "attention":
      return attentionWeights(layer);
    default:
      return {};
  }
}
