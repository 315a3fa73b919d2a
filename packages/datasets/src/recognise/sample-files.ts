import { join } from "node:path";
import { decodeFile, readHeaderOf } from "../formats/node/decode-file.ts";

/** Which axis of a volume lies across its slices. */
type Plane = 0 | 1 | 2;

/** How volumes are to be cut into slices. */
export interface VolumeCut {
  readonly plane: Plane;
  /** How many slices a volume has: the least that was seen. */
  readonly depth: number;
}

/** What some of a folder's files hold. */
export interface SampledFiles {
  /** Height and width of each slice looked at. */
  readonly sizes: readonly (readonly [number, number])[];
  /** Where files are volumes, or slices stored as volumes of one, how they are cut. */
  readonly cut: VolumeCut | undefined;
  /** How many different values each slice looked at has, up to {@link MANY_VALUES}. */
  readonly values: readonly number[];
}

/** Values are counted no further. */
export const MANY_VALUES = 65;
/** Files looked at. */
const SAMPLED = 40;

/** Looks at some of a folder's files, evenly over all; throws `SLICE_UNREADABLE` if none can be read. */
export async function sampleFiles(root: string, files: readonly string[]): Promise<SampledFiles> {
  const sizes: (readonly [number, number])[] = [];
  const values: number[] = [];
  const cuts: VolumeCut[] = [];
  let failure: unknown;
  for (const file of someOf(files, SAMPLED)) {
    const path = join(root, file);
    try {
      const cut = await cutOf(path);
      if (cut !== undefined) cuts.push(cut);
      const middle = cut === undefined ? {} : { plane: cut.plane, slice: Math.floor(cut.depth / 2) };
      const slice = await decodeFile(path, middle);
      sizes.push([slice.height, slice.width]);
      values.push(countValues(slice.values));
    } catch (error) {
      failure ??= error;
    }
  }
  if (sizes.length === 0) throw failure;
  return { sizes, values, cut: usualCut(cuts, sizes.length) };
}

/** Whether files hold volumes of many slices, by the headers of some. */
export async function holdVolumes(root: string, files: readonly string[]): Promise<boolean> {
  const some = someOf(files, SAMPLED);
  const cuts = await Promise.all(some.map((file) => cutOf(join(root, file)).catch(() => undefined)));
  return cuts.filter((cut) => cut !== undefined && cut.depth > 1).length > some.length / 2;
}

/** This many of a list, evenly over it. */
export function someOf<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, Math.floor(items.length / most));
  return items.filter((_, index) => index % step === 0).slice(0, most);
}

/** How a file is cut: across the axis of length 1 where there is one, else across the third; undefined for a slice. */
async function cutOf(path: string): Promise<VolumeCut | undefined> {
  const header = await readHeaderOf(path);
  const [first = 1, second = 1, third = 1] = header?.shape ?? [];
  if (third === 1) return undefined;
  if (first === 1) return { plane: 0, depth: 1 };
  return second === 1 ? { plane: 1, depth: 1 } : { plane: 2, depth: third };
}

function usualCut(cuts: readonly VolumeCut[], files: number): VolumeCut | undefined {
  const planes = ([0, 1, 2] as const).map((plane) => cuts.filter((cut) => cut.plane === plane));
  const most = planes.reduce((best, one) => (one.length > best.length ? one : best));
  if (most.length <= files / 2) return undefined;
  return { plane: most[0]!.plane, depth: Math.min(...most.map(({ depth }) => depth)) };
}

function countValues(values: ArrayLike<number>): number {
  const seen = new Set<number>();
  for (let at = 0; at < values.length && seen.size < MANY_VALUES; at++) seen.add(values[at]!);
  return seen.size;
}
