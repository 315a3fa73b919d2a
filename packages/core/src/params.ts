import {
  float32,
  type HostTensor,
  type HostTensors,
  type Signature,
  SlicebookError,
  sizeOf,
} from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";

/** A flat record of named tensors: the weights of a model, or what training must remember. */
export type Params = Readonly<Record<string, Tensor>>;

/** A flat record of tensors that a step hands on. */
export type TensorRecord = Record<string, Tensor>;

/** The tensor of that name; throws an `Error` that lists the known names if there is none. */
export function param(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (tensor === undefined) {
    throw new Error(`there is no tensor "${name}" among ${Object.keys(params).join(", ")}`);
  }
  return tensor;
}

/** The entries whose names start with `prefix`, without it: `("weights.", { "weights.a": x })` → `{ a: x }`. */
export function withoutPrefix<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** The same record with `prefix` before every name. */
export function withPrefix<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return mapRecord(record, (value) => value, prefix);
}

/** The record with each value replaced by `change(value, name)`, and `prefix` before every name. */
export function mapRecord<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
  prefix = "",
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [prefix + name, change(value, name)]),
  );
}

/** Zeros of the same shape. */
export function zerosLike({ shape }: HostTensor): HostTensor {
  return float32(new Float32Array(sizeOf(shape)), shape);
}

/**
 * Checks that `tensors` has the names, shapes and types of `expected`.
 *
 * Throws a `SlicebookError` with code `CHECKPOINT_MISMATCH` that names the first tensors that differ.
 */
export function checkTensors(what: string, expected: Signature, tensors: HostTensors): void {
  // Of its own: a name from a file may be one that every object has, such as "constructor".
  const describe = (specs: Signature, name: string, absent: string) => {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    return spec === undefined ? absent : `${spec.dtype} [${spec.shape.join(", ")}]`;
  };
  const differences = [...new Set([...Object.keys(expected), ...Object.keys(tensors)])]
    .map((name) => ({
      name,
      wanted: describe(expected, name, "none of that name"),
      given: describe(tensors, name, "missing"),
    }))
    .filter(({ wanted, given }) => wanted !== given)
    .map(({ name, wanted, given }) => `"${name}" is ${given}, expected ${wanted}`);
  if (differences.length === 0) return;
  const shown = differences.slice(0, 3).join("; ");
  const more = differences.length > 3 ? `; and ${differences.length - 3} more` : "";
  throw new SlicebookError("CHECKPOINT_MISMATCH", `${what} has another architecture: ${shown}${more}`, {
    remedy:
      "Use the configuration that it was trained with, or train anew under another run name, as is needed for several " +
      "grids of codes that an earlier version trained.",
  });
}
