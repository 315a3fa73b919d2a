import { MULTIPLY_WASM } from "./multiply-wasm.ts";
import type { Values, ValueType } from "./values.ts";

export interface ProductSize {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Memory for the values of a program. */
export interface Room {
  allocate(type: ValueType, size: number): Values;
  floats(size: number): Float32Array;
  /**
   * The product of two row-major matrices, [rows, inner] × [inner, columns], which lie in this room as the result does.
   *
   * Each element is the float32 sum of float32 products, one after the other along `inner`: the same bits however many
   * elements are computed at once, in WebAssembly or in a loop.
   */
  multiply(left: Float32Array, right: Float32Array, out: Float32Array, size: ProductSize): void;
}

/** What is used of it: neither the language's types nor Node's name it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

type Multiply = (
  left: number,
  right: number,
  out: number,
  rows: number,
  inner: number,
  columns: number,
) => void;

/** Bytes of a page of WebAssembly's memory. */
const PAGE = 65_536;
/** Where arrays begin. */
const ALIGNMENT = 16;

/** The bytes of a room that an array of float32s takes. */
export function roomFor(size: number): number {
  return Math.ceil((4 * size) / ALIGNMENT) * ALIGNMENT;
}

/** A room for float32s of this many bytes (see {@link roomFor}); other values lie outside of it. */
export function createRoom(bytes: number): Room {
  const { buffer, multiply } = inWebAssembly(bytes) ?? {
    buffer: new ArrayBuffer(bytes),
    multiply: undefined,
  };
  let used = 0;
  const floats = (size: number) => {
    const values = new Float32Array(buffer, used, size);
    used += roomFor(size);
    return values;
  };
  return {
    floats,
    allocate(type, size) {
      if (type === "float32") return floats(size);
      if (type === "int32") return new Int32Array(size);
      return type === "bool" ? new Uint8Array(size) : new Float64Array(size);
    },
    multiply:
      multiply === undefined
        ? multiplyInLoops
        : (left, right, out, { rows, inner, columns }) =>
            multiply(left.byteOffset, right.byteOffset, out.byteOffset, rows, inner, columns),
  };
}

let compiled: object | undefined;

/** A memory and the product in it; undefined where there is no WebAssembly with SIMD, or no room for its gigabytes of addresses. */
function inWebAssembly(
  bytes: number,
): { readonly buffer: ArrayBuffer; readonly multiply: Multiply } | undefined {
  try {
    compiled ??= new WebAssembly.Module(
      Uint8Array.from(atob(MULTIPLY_WASM), (letter) => letter.charCodeAt(0)),
    );
    const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / PAGE)) });
    const { multiply } = new WebAssembly.Instance(compiled, { room: { memory } }).exports as {
      readonly multiply: Multiply;
    };
    return { buffer: memory.buffer, multiply };
  } catch {
    return undefined;
  }
}

/** {@link Room.multiply} without WebAssembly. */
export function multiplyInLoops(
  left: Float32Array,
  right: Float32Array,
  out: Float32Array,
  { rows, inner, columns }: ProductSize,
): void {
  for (let row = 0; row < rows; row++) {
    const to = row * columns;
    out.fill(0, to, to + columns);
    for (let index = 0; index < inner; index++) {
      const factor = left[row * inner + index]!;
      const from = index * columns;
      for (let column = 0; column < columns; column++) {
        out[to + column] = Math.fround(out[to + column]! + Math.fround(factor * right[from + column]!));
      }
    }
  }
}
