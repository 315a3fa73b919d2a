import { gzipSync } from "node:zlib";
import { writeFileAtomic } from "@slicebook/base/node";
import { type Affine, encodeNifti } from "@slicebook/datasets";

interface Placed {
  readonly size: readonly [height: number, width: number];
  readonly affine: Affine;
}

/** One slice, [height, width], as a compressed NIfTI file of float32. */
export function sliceNifti(values: Float32Array, { size: [height, width], affine }: Placed): Uint8Array {
  return gzipSync(encodeNifti(values, { shape: [height, width, 1], type: "float32", affine }));
}

/** Writes one slice as {@link sliceNifti} has it. */
export async function writeNiftiSlice(path: string, values: Float32Array, placed: Placed): Promise<void> {
  await writeFileAtomic(path, sliceNifti(values, placed));
}
