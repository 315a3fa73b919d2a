import { basename } from "node:path";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import type { ResolvedConfig } from "@slicebook/config";
import {
  checkValues,
  fitAffine,
  orientationIn,
  type Placement,
  type PreparedSlice,
  prepareSlice,
  restoreSlice,
  type SliceImage,
  type SliceRecord,
  withoutEnding,
} from "@slicebook/datasets";
import { builtInAdapters, decodeFile, loadAdapter } from "@slicebook/datasets/node";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import type { Session } from "./session.ts";

/** A slice of the user's own, brought to a run's size and units. */
export interface OwnSlice extends PreparedSlice {
  readonly file: string;
  /** Its height and width in the file. */
  readonly stored: readonly [height: number, width: number];
  /** The slice as it is in its file. */
  readonly source: Pick<SliceImage, "height" | "width" | "type">;
  /** What the model gives in preprocessed units, in the file's units. */
  restore(values: Float32Array): Float32Array;
  /** Where the slice lies at the run's size; undefined of files that are not NIfTI. */
  readonly placement: Placement | undefined;
}

/** Reads files that are not part of a run's data set as if they were. */
export async function openOwnSlices(session: Session): Promise<{ read(file: string): Promise<OwnSlice> }> {
  const { dataset } = session.config;
  const preprocessing = await loadPreprocessing(session);
  const decode = await decoder(dataset);
  return {
    async read(file) {
      const [size, policy] = [dataset.size, dataset.sizePolicy];
      const image = await decode(file);
      checkOwn(image, file);
      const slice = prepareSlice(image, preprocessing, { size, policy, path: file });
      return {
        ...slice,
        file,
        stored: [image.height, image.width],
        source: image,
        restore: (values) => restoreSlice(preprocessing, slice.map, values),
        placement: placementOf(image, dataset),
      };
    },
  };
}

function placementOf(image: SliceImage, dataset: ResolvedConfig["dataset"]): Placement | undefined {
  const { affine, affineCode = 1 } = image;
  if (affine === undefined) return undefined;
  return { affine: fitAffine(affine, image, dataset.size, dataset.sizePolicy), code: affineCode };
}

/** Where a slice of the run's data set lies, at the run's size; undefined where its file is not NIfTI. */
export async function placementOfRecord(
  dataset: ResolvedConfig["dataset"],
  record: SliceRecord,
): Promise<Placement | undefined> {
  const size = dataset.size;
  const { adapter } = await loadAdapter(dataset.adapter);
  const options = adapter.schema.parse(dataset.options);
  const { path, volume, orientation } = record;
  const image = await (adapter.decode?.(record, { options, seed: dataset.seed, size }) ??
    decodeFile(path, { ...volume, orientation }));
  return placementOf(image, dataset);
}

/** As in training: what cannot be computed with is refused with its place. */
function checkOwn(image: SliceImage, file: string): void {
  try {
    checkValues(image);
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    throw new SlicebookError("SLICE_UNREADABLE", `${file} cannot be used: ${error.message}`, {
      remedy: "Replace such values, for example by the background's, and give the file again.",
      cause: error,
    });
  }
}

/** Names for what is made of files: theirs without ending, with a number where one is taken. */
export function uniqueNames(files: readonly string[], reserved: readonly string[] = []): string[] {
  const taken = new Set(reserved);
  return files.map((file) => {
    const name = withoutEnding(basename(file)) || "slice";
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
    taken.add(free);
    return free;
  });
}

/** Reads a file as the run's data set would; built-in ones all read by what is in a file. */
async function decoder(config: ResolvedConfig["dataset"]): Promise<(path: string) => Promise<SliceImage>> {
  const { adapter } = await loadAdapter(config.adapter);
  const { decode } = adapter;
  const options = adapter.schema.parse(config.options);
  if (decode === undefined || builtInAdapters.includes(adapter)) {
    const orientation = orientationIn(options);
    return (path) => decodeFile(path, { orientation });
  }
  const context = { options, seed: config.seed, size: config.size };
  return (path) =>
    decode.call(adapter, { path, split: "test", subject: "", slice: 0, name: basename(path) }, context);
}
