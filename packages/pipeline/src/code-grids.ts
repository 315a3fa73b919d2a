import { readFile } from "node:fs/promises";
import { int32, SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors } from "@slicebook/core";
import { z } from "zod";
import { integers } from "./codec.ts";

/** The code grids of one split, or of samples. */
export interface CodeGrids {
  /** [n, rows, columns], raster order. */
  readonly codes: Int32Array;
  readonly shape: readonly [grids: number, rows: number, columns: number];
  /** The class number of each grid; zeros where there are no classes. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** The name of each grid's slice. */
  readonly names: readonly string[];
}

const texts = z.array(z.string());

/**
 * Writes grids as safetensors: `codes` int32 [n, rows, columns], `labels` int32 [n]; names and classes as
 * metadata.
 */
export async function saveCodes(
  path: string,
  { codes, shape, labels, classes, names }: CodeGrids,
): Promise<void> {
  const tensors = { codes: int32(codes, shape), labels: int32(labels, [shape[0]]) };
  const metadata = { names: JSON.stringify(names), classes: JSON.stringify(classes) };
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads what {@link saveCodes} wrote; undefined where there is no such file. */
export async function loadCodes(path: string): Promise<CodeGrids | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const { codes, labels } = tensors;
    const [grids, rows, columns] = z.tuple([z.int(), z.int(), z.int()]).parse(codes?.shape);
    return {
      codes: integers(codes!),
      shape: [grids, rows, columns],
      labels: integers(labels!),
      names: texts.parse(JSON.parse(metadata.names ?? "")),
      classes: texts.parse(JSON.parse(metadata.classes ?? "")),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new SlicebookError("RUN_DAMAGED", `${path} does not hold code grids: ${why}`, {
      remedy: "Delete it and run `slicebook encode` again.",
      cause: error,
    });
  }
}
