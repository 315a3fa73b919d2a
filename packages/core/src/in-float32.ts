import { type TensorContainer, tidy } from "@tensorflow/tfjs-core";

/**
 * Computes in float32, gradients included, where an engine otherwise takes half precision for products: what adds up many terms,
 * subtracts what is nearly equal, or remembers.
 */
export function inFloat32<T>(compute: () => T): T {
  // The tracer knows the scope by its name.
  return tidy("float32", compute as () => TensorContainer) as T;
}
