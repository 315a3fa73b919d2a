import { type CodeTable, packCodes, slbkOverhead } from "@slicebook/core";
import { formatNamed } from "@slicebook/datasets";

/** The bytes of the `.slbk` file of a slice, by its own file's name and its codes of each level. */
export function fileBytes(path: string, codes: readonly Int32Array[], tables: readonly CodeTable[]): number {
  return slbkOverhead({ affine: formatNamed(path)?.placed === true }) + packCodes(codes, tables).length;
}
