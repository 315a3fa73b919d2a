import "@tensorflow/tfjs-backend-cpu";
import { float32, type HostTensor, type HostTensors, int32, sizeOf } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";

await tf.setBackend("cpu");

/** What `model.quantizer` is for each way to quantize. */
export const quantizerKinds = {
  ema: {},
  "codebook loss": { kind: "codebook-loss" },
  "finite scalar": { kind: "fsq", levels: [4, 4] },
  residual: { depth: 2 },
  "residual by codebook loss": { kind: "codebook-loss", depth: 2 },
  cosine: { distance: "cosine" },
  rotation: { gradient: "rotation" },
} as const;

/** Copies host tensors to tfjs. */
export function load(tensors: HostTensors): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data.slice(), [...shape], dtype),
    ]),
  );
}

/** Copies tfjs tensors to the host. */
export function read(tensors: Readonly<Record<string, tf.Tensor>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, readOne(tensor)]));
}

export function readOne(tensor: tf.Tensor): HostTensor {
  const data = tensor.dataSync();
  return tensor.dtype === "float32"
    ? float32(Float32Array.from(data), tensor.shape)
    : int32(Int32Array.from(data), tensor.shape);
}

/** The values of a tensor. */
export function values(tensor: tf.Tensor): number[] {
  return [...tensor.dataSync()];
}

/** The formula of golden/make_training.py for weights and images. */
export function wave(shape: readonly number[], scale: number, phase: number): HostTensor {
  const at = (index: number) => scale * Math.sin(1.7 * index + ((0.3 * index * index) % 11) + phase);
  return float32(
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => at(index)),
    shape,
  );
}

/** Checks that two lists of numbers differ by at most `tolerance` of the largest expected magnitude. */
export function expectClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  what = "",
): void {
  expect(found.length, what).toBe(expected.length);
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12);
  const error = Array.from(found).reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - expected[index]!)),
    0,
  );
  expect(error / scale, what).toBeLessThan(tolerance);
}
