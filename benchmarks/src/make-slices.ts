import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { listDataset, type PhantomLayout, writePhantom } from "@slicebook/datasets/node";

/** Phantoms drawn where there are no slices to copy; drawing more takes longer than measuring. */
const DRAWN_SUBJECTS = { train: 12, validate: 2, test: 2 };
const DRAWN_SLICES = 10;

export interface MakeSlicesOptions {
  readonly layout: PhantomLayout;
  /** Where to make them. */
  readonly folder: string;
  /** A folder with slices in this layout; phantoms are drawn unless given. */
  readonly source: string | undefined;
  /** How many slices at least, in all splits together. */
  readonly slices: number;
}

/** Makes a data set of any size: copies of some slices, each round of them under other subjects' names. */
export async function makeSlices({ layout, folder, source, slices }: MakeSlicesOptions): Promise<void> {
  const from = source ?? join(folder, "drawn");
  if (source === undefined) {
    await writePhantom({ layout, folder: from, subjects: DRAWN_SUBJECTS, slices: DRAWN_SLICES });
  }
  const { records } = await listDataset({ adapter: layout, root: from });
  for (let written = 0, round = 0; written < slices; round++) {
    for (const { path } of records.slice(0, slices - written)) {
      // Numbers of subjects come first in a file's name.
      const name = basename(path).replace(/\d+/, (number) => String(Number(number) + round * 1_000_000));
      const to = join(folder, "slices", dirname(relative(from, path)), name);
      await mkdir(dirname(to), { recursive: true });
      await copyFile(path, to);
      written += 1;
    }
  }
}
