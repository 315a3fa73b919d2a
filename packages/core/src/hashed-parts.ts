import type { HostTensors } from "@slicebook/base";

/** The bytes of which the SHA-256 names tensors, such as a model's in a compressed file: each one's name, type and shape, and its values, in the order of their names. */
export function* hashedParts(tensors: HostTensors): Generator<Uint8Array> {
  for (const [name, { dtype, shape, data }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield new TextEncoder().encode(JSON.stringify([name, dtype, shape]));
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}
