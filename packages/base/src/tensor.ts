/** A tensor in the host's memory: row-major values and their shape. */
export type HostTensor =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array };

/** A flat record of named host tensors, such as the weights of a model: `"encoder.down1.kernel"`. */
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** The shape and type of a tensor. */
export type TensorSpec = Pick<HostTensor, "shape" | "dtype">;

/** The tensors that a function takes, by name. */
export type Signature = Readonly<Record<string, TensorSpec>>;

/** The shape and type of each tensor of a record, in its order. */
export function specsOf(tensors: HostTensors): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]),
  );
}

/** The number of values in a tensor of this shape; 1 for a scalar, `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Makes a float32 host tensor; throws a `RangeError` if the values do not fill the shape. */
export function float32(
  data: Float32Array | readonly number[],
  shape: readonly number[],
): HostTensor & { dtype: "float32" } {
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  checkFilled(values.length, shape);
  return { dtype: "float32", shape, data: values };
}

/** Makes an int32 host tensor; throws a `RangeError` if the values do not fill the shape. */
export function int32(
  data: Int32Array | readonly number[],
  shape: readonly number[],
): HostTensor & { dtype: "int32" } {
  const values = data instanceof Int32Array ? data : Int32Array.from(data);
  checkFilled(values.length, shape);
  return { dtype: "int32", shape, data: values };
}

function checkFilled(length: number, shape: readonly number[]): void {
  if (length !== sizeOf(shape)) {
    throw new RangeError(`${length} values do not fill a tensor of shape [${shape.join(", ")}]`);
  }
}

/** The values of a float32 tensor. Throws a `TypeError` for another. */
export function floats({ data }: HostTensor): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError("expected a float32 tensor");
  return data;
}

/** The values of an int32 tensor. Throws a `TypeError` for another. */
export function integers({ data }: HostTensor): Int32Array {
  if (!(data instanceof Int32Array)) throw new TypeError("expected an int32 tensor");
  return data;
}
