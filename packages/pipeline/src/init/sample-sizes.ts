import { join } from "node:path";
import { decodeFile, readHeaderOf } from "@slicebook/datasets/node";

/** What some of a folder's files hold. */
export interface SampledSizes {
  /** Height and width of each slice looked at. */
  readonly sizes: readonly (readonly [number, number])[];
  /** How many slices a volume has, where files are volumes: the least that was seen. */
  readonly depth: number | undefined;
}

/** Files looked at. */
const SAMPLED = 40;
const niftiEnding = /\.(?:nii|hdr)(?:\.gz)?$/i;

/** Looks at some of a folder's files, evenly over all; throws `SLICE_UNREADABLE` if none can be read. */
export async function sampleSizes(root: string, files: readonly string[]): Promise<SampledSizes> {
  const step = Math.max(1, Math.floor(files.length / SAMPLED));
  const sample = files.filter((_, index) => index % step === 0).slice(0, SAMPLED);
  const sizes: (readonly [number, number])[] = [];
  const depths: number[] = [];
  let failure: unknown;
  for (const file of sample) {
    const path = join(root, file);
    try {
      const depth = niftiEnding.test(file) ? await depthOf(path) : 1;
      if (depth > 1) depths.push(depth);
      const volume = depth > 1 ? ({ plane: 2, slice: Math.floor(depth / 2) } as const) : {};
      const { height, width } = await decodeFile(path, volume);
      sizes.push([height, width]);
    } catch (error) {
      failure ??= error;
    }
  }
  if (sizes.length === 0) throw failure;
  return { sizes, depth: depths.length > sizes.length / 2 ? Math.min(...depths) : undefined };
}

/** The third side of a NIfTI file; 1 for a slice. */
async function depthOf(path: string): Promise<number> {
  const { shape } = await readHeaderOf(path);
  return shape[2] ?? 1;
}
