import { gzipSync } from "node:zlib";
import { writeFileAtomic } from "@slicebook/base/node";
import { encodeNifti, type Placement } from "@slicebook/datasets";

interface Placed {
  readonly size: readonly [height: number, width: number];
  readonly placement: Placement;
}

/** One slice, [height, width], as a compressed NIfTI file of float32. */
export function sliceNifti(values: Float32Array, { size: [height, width], placement }: Placed): Uint8Array {
  const { affine, code } = placement;
  const shape = [height, width, 1];
  return gzipSync(encodeNifti(values, { shape, type: "float32", affine, affineCode: code }));
}

/** Writes one slice as {@link sliceNifti} has it. */
export async function writeNiftiSlice(path: string, values: Float32Array, placed: Placed): Promise<void> {
  await writeFileAtomic(path, sliceNifti(values, placed));
}
