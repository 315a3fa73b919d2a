import { type CodeTable, codeTable, countCodes, packCodes, slbkOverhead, vqvae } from "@slicebook/core";
import { type CodeGrids, loadCodes, takeGrids } from "./code-grids.ts";
import { missing } from "./run-folder.ts";
import type { Session } from "./session.ts";

/** The tables by which a run's codes are compressed: how often its training slices use each. */
export async function codeTables(session: Session): Promise<CodeTable[]> {
  const { config, paths } = session;
  const grids = await loadCodes(paths.codes.train);
  if (grids === undefined) throw missing(paths.folder, "code grids", "encode");
  return vqvae
    .codeLevels(config.model, config.dataset.size!)
    .map(({ codes }, level) => codeTable(countCodes(grids.levels[level]!.data, codes)));
}

/** The bits per pixel of the `.slbk` files of the test split, from its code grids; undefined where it has none. */
export async function fileBitsPerPixel(session: Session): Promise<number | undefined> {
  const grids = await loadCodes(session.paths.codes.test);
  if (grids === undefined || grids.names.length === 0) return undefined;
  const tables = await codeTables(session);
  const { records } = (await session.dataset()).splits.test;
  const sizes = records.map(
    ({ path }, index) =>
      slbkOverhead({ affine: isNifti(path) }) + packCodes(codesOf(grids, index), tables).length,
  );
  const [height, width] = session.config.dataset.size!;
  return (8 * sizes.reduce((sum, size) => sum + size, 0)) / (sizes.length * height * width);
}

function codesOf(grids: CodeGrids, index: number): Int32Array[] {
  return takeGrids(grids, [index]).levels.map(({ data }) => data);
}

/** By its name, whether a file has an affine to keep. */
function isNifti(path: string): boolean {
  return /\.(nii|hdr)(\.gz)?$/i.test(path);
}
