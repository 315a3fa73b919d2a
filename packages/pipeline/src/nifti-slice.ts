import { gzipSync } from "node:zlib";
import { writeFileAtomic } from "@slicebook/base/node";
import { type Affine, encodeNifti } from "@slicebook/datasets";

/** Writes one slice, [height, width], as a compressed NIfTI file of float32. */
export async function writeNiftiSlice(
  path: string,
  values: Float32Array,
  { size: [height, width], affine }: { readonly size: readonly [number, number]; readonly affine: Affine },
): Promise<void> {
  const nifti = encodeNifti(values, { shape: [height, width, 1], type: "float32", affine });
  await writeFileAtomic(path, gzipSync(nifti));
}
