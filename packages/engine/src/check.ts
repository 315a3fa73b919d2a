import { type Compiled, type HostTensor, SlicebookError, sizeOf } from "@slicebook/base";
import { flatten, isTensorSpec, type Structure, type TensorSpec } from "@slicebook/tfjs-onnx";

/** What a value must be, and what it is called in messages. */
export interface NamedSpec {
  readonly name: string;
  readonly spec: TensorSpec;
}

/** The specs of a structure, each named by its path. */
export function namedSpecs(structure: Structure<TensorSpec>): NamedSpec[] {
  return flatten(structure, isTensorSpec).map(({ path, leaf }) => ({ name: path.join("."), spec: leaf }));
}

/** A function as the caller knows it: it gives the form that the function gives, with other tensors. */
export function typed<Output>(compiled: Compiled): Compiled<Output> {
  return compiled as Compiled<Output>;
}

/** Lists the tensors of a structure in the order of its specs; throws if one is missing, too many or of another kind. */
export function matchSpecs(
  what: string,
  specs: readonly NamedSpec[],
  values: Structure<HostTensor>,
): readonly HostTensor[] {
  const given = new Map(flatten(values, isHostTensor).map(({ path, leaf }) => [path.join("."), leaf]));
  const tensors = specs.map(({ name, spec }) => {
    const tensor = given.get(name);
    if (tensor === undefined)
      throw mismatch(what, `"${name}" is missing; found ${[...given.keys()].join(", ")}`);
    checkTensor(what, { name, spec }, tensor);
    return tensor;
  });
  if (given.size > specs.length) {
    const known = new Set(specs.map(({ name }) => name));
    const extra = [...given.keys()].filter((name) => !known.has(name));
    throw mismatch(what, `"${extra.join('", "')}" is not among ${[...known].join(", ")}`);
  }
  return tensors;
}

function checkTensor(what: string, { name, spec }: NamedSpec, tensor: HostTensor): void {
  const actual = describeSpec(tensor);
  const expected = describeSpec(spec);
  if (actual !== expected) throw mismatch(what, `"${name}" is ${actual}, expected ${expected}`);
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw mismatch(
      what,
      `"${name}" holds ${tensor.data.length} values, its shape [${tensor.shape}] takes ${sizeOf(tensor.shape)}`,
    );
  }
}

/** Whether a part of a structure is a tensor rather than a record of them. */
export function isHostTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "data" in value && ArrayBuffer.isView(value.data);
}

/** A tensor's type and shape, as messages name them: `float32 [3, 2]`. */
export function describeSpec({ dtype, shape }: Pick<TensorSpec, "dtype" | "shape">): string {
  return `${dtype} [${shape.join(", ")}]`;
}

function mismatch(what: string, text: string): SlicebookError {
  return new SlicebookError("TENSOR_MISMATCH", `${what}: ${text}`, {
    remedy: "Pass tensors of the names, shapes and types that the function was compiled for.",
  });
}
