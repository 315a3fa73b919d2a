import { type CodeTable, codeTable, countCodes, packCodes, slbkOverhead } from "@slicebook/core";
import { formatNamed } from "@slicebook/datasets";
import { codesOf, splitCodes } from "./code-grids.ts";
import { exists, hashOf } from "./files.ts";
import { missing } from "./run-folder.ts";
import type { Session } from "./session.ts";
import { modelHash } from "./trained-model.ts";

/** The tables of {@link codeTables}, where the run's training slices are encoded by its model as it is. */
export async function currentTables(session: Session): Promise<CodeTable[] | undefined> {
  const record = await session.record();
  const encoded = record?.stages.encode?.inputs;
  if (record === undefined || encoded === undefined || !(await exists(session.paths.codes.train))) {
    return undefined;
  }
  const { fingerprint } = record.data;
  return encoded === hashOf({ model: await modelHash(session), fingerprint })
    ? codeTables(session)
    : undefined;
}

/** The tables by which a run's codes are compressed: how often its training slices use each. */
export async function codeTables(session: Session): Promise<CodeTable[]> {
  const { model, paths } = session;
  const grids = await splitCodes(session, "train");
  if (grids === undefined) throw missing(paths.folder, "code grids", "encode");
  return model.levels.map(({ codes }, level) => codeTable(countCodes(grids.levels[level]!.data, codes)));
}

/** The bits per pixel of the test split's `.slbk` files by such tables, from its code grids; undefined where it has none. */
export async function fileBitsPerPixel(
  session: Session,
  tables: readonly CodeTable[],
): Promise<number | undefined> {
  const grids = await splitCodes(session, "test");
  if (grids === undefined || grids.names.length === 0) return undefined;
  const { records } = (await session.dataset()).splits.test;
  const sizes = records.map(({ path }, index) => fileBytes(path, codesOf(grids.levels, index), tables));
  const [height, width] = session.model.size;
  return (8 * sizes.reduce((sum, size) => sum + size, 0)) / (sizes.length * height * width);
}

/** The bytes of the `.slbk` file of a slice, by its own file's name and its codes of each level. */
export function fileBytes(path: string, codes: readonly Int32Array[], tables: readonly CodeTable[]): number {
  return slbkOverhead({ affine: formatNamed(path)?.placed === true }) + packCodes(codes, tables).length;
}
