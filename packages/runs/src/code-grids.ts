import { float32, floats, type HostTensor, type HostTensors, int32, integers } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import {
  type BoundVqvae,
  type CodeLevel,
  codeGridsIn,
  codesName,
  decodeSafetensors,
  encodeSafetensors,
} from "@slicebook/core";
import type { Placement, Split } from "@slicebook/datasets";
import { z } from "zod";
import { damaged, readIfThere } from "./files.ts";
import { codeGrids, missing } from "./needs.ts";
import type { RunPaths } from "./run-paths.ts";

/** Code indices of one level, int32 [n, rows, columns] in raster order. */
export type LevelGrids = HostTensor & { readonly dtype: "int32" };

/** The code grids of one split, or of samples. */
export interface CodeGrids {
  /** One a level, the coarsest and first quantized first. */
  readonly levels: readonly LevelGrids[];
  /** The class number of each slice; zeros where there are no classes. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Where each slice lies in its scan, 0 the first to 1 the last, −1 if unknown; absent where none is known. */
  readonly slicePositions?: Float32Array | undefined;
  /** [n, covariates]: what a prior is told of each slice besides its class (see `encodeCovariates`), −1 if unknown. */
  readonly covariates?: Float32Array | undefined;
  /** [n, VARIATIONS]: how each slice was varied before it was encoded; absent where none was. In memory only. */
  readonly variations?: Float32Array | undefined;
  /** The name of each slice. */
  readonly names: readonly string[];
  /** Of a data set of NIfTI files: where the first slice lies. */
  readonly placement?: Placement | undefined;
}

const texts = z.array(z.string());
const matrix = z.array(z.array(z.number()).length(4)).length(4);

/**
 * Writes grids as safetensors: for each level `codes.<level>` int32 [n, rows, columns], `labels` int32 [n], and
 * `slicePositions` float32 [n] and `covariates` float32 [n, covariates] where they are known; names, classes, the affine and its code as metadata.
 */
export async function saveCodes(
  path: string,
  { levels, labels, classes, slicePositions, covariates, names, placement }: CodeGrids,
): Promise<void> {
  const count = labels.length;
  const tensors: HostTensors = {
    ...Object.fromEntries(levels.map((grid, level) => [codesName(level), grid])),
    labels: int32(labels, [count]),
    ...(slicePositions && { slicePositions: float32(slicePositions, [count]) }),
    ...(covariates && { covariates: float32(covariates, [count, covariates.length / count]) }),
  };
  const metadata = {
    names: JSON.stringify(names),
    classes: JSON.stringify(classes),
    ...(placement && { affine: JSON.stringify(placement.affine), affineCode: String(placement.code) }),
  };
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

interface EncodedRun {
  readonly paths: RunPaths;
  readonly model: Pick<BoundVqvae, "levels">;
}

/**
 * The code grids of a run's split; undefined where there are none yet.
 *
 * Throws `RUN_DAMAGED` for a file that holds none, or others than the model of the configuration has.
 */
export function splitCodes({ paths, model }: EncodedRun, split: Split): Promise<CodeGrids | undefined> {
  return loadCodes(paths.codes[split], model.levels);
}

/** The same, where they are needed: throws `STAGE_MISSING` if there are none. */
export async function neededCodes(run: EncodedRun, split: Split): Promise<CodeGrids> {
  const grids = await splitCodes(run, split);
  if (grids === undefined) throw missing(run.paths.folder, codeGrids);
  return grids;
}

/** Reads what {@link saveCodes} wrote; undefined where there is no such file. Checks the codes of levels that are given. */
export async function loadCodes(path: string, spaces?: readonly CodeLevel[]): Promise<CodeGrids | undefined> {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const grids = {
      levels: levelsOf(tensors),
      labels: integers(needed(tensors, "labels")),
      slicePositions: tensors.slicePositions && floats(tensors.slicePositions),
      covariates: tensors.covariates && floats(tensors.covariates),
      names: texts.parse(JSON.parse(metadata.names ?? "")),
      classes: texts.parse(JSON.parse(metadata.classes ?? "")),
      placement: placementOf(metadata),
    };
    checkGrids(grids);
    if (spaces !== undefined) checkSpaces(grids.levels, spaces);
    return grids;
  } catch (error) {
    throw damaged(path, error, "Delete it and run `slicebook encode` again.");
  }
}

/** That all parts are of the same number of slices, and all labels those of a class. */
function checkGrids({ levels, labels, slicePositions, covariates, names, classes }: CodeGrids): void {
  const counts = [...levels.map(({ shape }) => shape[0]!), labels.length, names.length];
  if (slicePositions !== undefined) counts.push(slicePositions.length);
  if (new Set(counts).size > 1) throw new Error(`its parts are of ${counts.join(", ")} slices`);
  checkWithin(labels, Math.max(1, classes.length), "labels");
  for (const [name, values] of Object.entries({ slicePositions, covariates })) {
    const wrong = values?.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw new Error(`${name} holds ${wrong}`);
  }
  if (covariates !== undefined && covariates.length % labels.length !== 0)
    throw new Error(`its covariates are ${covariates.length} numbers of ${labels.length} slices`);
}

/** That grids are of the levels of a model, and their codes among its codebooks' entries. */
function checkSpaces(levels: readonly LevelGrids[], spaces: readonly CodeLevel[]): void {
  const actual = levels.map(({ shape: [, rows, columns] }) => `${rows}×${columns}`).join(" + ");
  const wanted = spaces.map(({ rows, columns }) => `${rows}×${columns}`).join(" + ");
  if (actual !== wanted) throw new Error(`its grids are ${actual}, the model's ${wanted}`);
  for (const [level, { data }] of levels.entries()) checkWithin(data, spaces[level]!.codes, codesName(level));
}

function checkWithin(values: HostTensor["data"], count: number, name: string): void {
  const at = values.findIndex((value: number) => value < 0 || value >= count);
  if (at >= 0) throw new Error(`value ${at} of ${name} is ${values[at]}; expected 0 to ${count - 1}`);
}

function needed(tensors: HostTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`there is no tensor "${name}"`);
  return tensor;
}

/** Files of earlier versions hold no code: they meant the scanner's space. */
function placementOf({ affine, affineCode = "1" }: Readonly<Record<string, string>>): Placement | undefined {
  if (affine === undefined) return undefined;
  return { affine: matrix.parse(JSON.parse(affine)), code: z.int().min(0).parse(Number(affineCode)) };
}

function levelsOf(tensors: HostTensors): LevelGrids[] {
  const grids = codeGridsIn(tensors);
  if (grids.length === 0) needed(tensors, codesName(0));
  return grids.map((grid) => int32(integers(grid), z.tuple([z.int(), z.int(), z.int()]).parse(grid.shape)));
}

/** The grids of those numbers, in that order. */
export function takeGrids(
  { levels, labels, classes, slicePositions, covariates, variations, names }: CodeGrids,
  indices: ArrayLike<number>,
): CodeGrids {
  const taken = Array.from(indices);
  const ofTaken = (values: Float32Array | undefined) =>
    values && takeNumbers(values, taken, values.length / labels.length);
  return {
    levels: levels.map((grid) => takeRows(grid, taken)),
    labels: Int32Array.from(taken, (index) => labels[index]!),
    classes,
    slicePositions: ofTaken(slicePositions),
    covariates: ofTaken(covariates),
    variations: ofTaken(variations),
    names: taken.map((index) => names[index]!),
  };
}

/** The numbers of those slices, `each` of every one. */
function takeNumbers(values: Float32Array, taken: readonly number[], each: number): Float32Array {
  const all = new Float32Array(taken.length * each);
  for (const [at, index] of taken.entries()) {
    all.set(values.subarray(index * each, (index + 1) * each), at * each);
  }
  return all;
}

/** Grids of the same levels and classes, one after the other. */
export function joinGrids(first: CodeGrids, second: CodeGrids): CodeGrids {
  const count = first.labels.length + second.labels.length;
  const ofBoth = (one: Float32Array | undefined, other: Float32Array | undefined) =>
    one && other && joined(one, other);
  return {
    levels: first.levels.map(({ data, shape }, level) =>
      int32(joined(data, second.levels[level]!.data), [count, ...shape.slice(1)]),
    ),
    labels: joined(first.labels, second.labels),
    classes: first.classes,
    slicePositions: ofBoth(first.slicePositions, second.slicePositions),
    covariates: ofBoth(first.covariates, second.covariates),
    variations: ofBoth(first.variations, second.variations),
    names: [...first.names, ...second.names],
  };
}

function joined<T extends Int32Array | Float32Array>(one: T, other: T): T {
  const all = new (one.constructor as new (length: number) => T)(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

/** One slice's codes of each level, in raster order: views into the grids. */
export function codesOf(levels: readonly LevelGrids[], index: number): Int32Array[] {
  return levels.map(({ data, shape }) => {
    const each = data.length / shape[0]!;
    return data.subarray(index * each, (index + 1) * each) as Int32Array;
  });
}

/** One level's grids of those numbers, in that order. */
export function takeRows({ data, shape }: LevelGrids, rows: readonly number[]): LevelGrids {
  const each = data.length / shape[0]!;
  const taken = new Int32Array(rows.length * each);
  for (const [at, row] of rows.entries()) {
    taken.set(data.subarray(row * each, (row + 1) * each), at * each);
  }
  return int32(taken, [rows.length, ...shape.slice(1)]);
}
