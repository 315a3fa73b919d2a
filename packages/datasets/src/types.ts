import type { z } from "zod";
import type { CovariateValues } from "./covariates/covariate.ts";
import type { Affine, Orientation } from "./orientation.ts";

/** The three parts of a data set: what is learned from, what training is steered by, what is reported. */
export type Split = "train" | "validate" | "test";

/** The splits in the order in which they are listed everywhere. */
export const SPLITS: readonly Split[] = ["train", "validate", "test"];

/** Height and width in pixels, in this order. */
export type Size = readonly [height: number, width: number];

/** Slice values in their original units: float64 where float32 would round what the file holds. */
export type Samples = Uint8Array | Int16Array | Uint16Array | Float32Array | Float64Array;

/** A type of pixel as a file stores it. */
export type PixelType =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64"
  | "rgb24"
  | "rgba32";

/** One grey slice: `values[row * width + column]`, row 0 at the top. */
export interface SliceImage {
  readonly height: number;
  readonly width: number;
  readonly values: Samples;
  /** The type in the file, before any scaling. */
  readonly type: PixelType;
  /** Of a NIfTI file: the matrix from (row, column, slice) to millimetres, for writing it back. */
  readonly affine?: Affine;
  /** NIfTI's code of the space that the matrix leads to; 0 where the file does not say how it lies. */
  readonly affineCode?: number;
}

/** A label of the segmentation masks, and what it marks. */
export interface MaskLabel {
  /** As the masks' files store it. */
  readonly value: number;
  readonly name: string;
}

/** A slice of a volume: `plane` is the axis across the slices (2 takes `volume[:, :, slice]`). */
export interface VolumePlace {
  readonly plane: 0 | 1 | 2;
  readonly slice: number;
}

/** One slice of a data set, as a listing names it. */
export interface SliceRecord {
  /** The file that holds it; for slices without a file, any text that names it. */
  readonly path: string;
  readonly split: Split;
  /** Whose slice it is: the unit by which sets are split. */
  readonly subject: string;
  /** The slice's number within its subject's scan. */
  readonly slice: number;
  /** Where it lies in the volume that the file holds; absent for files of one slice. */
  readonly volume?: VolumePlace;
  /** How the axes of its NIfTI file are turned; as they are unless given. */
  readonly orientation?: Orientation;
  /** Its class, in data sets that have classes. */
  readonly label?: string;
  /** The file that holds its segmentation mask (or any text that names it); absent where it has none. */
  readonly mask?: string;
  /** A name like a file's, without ending, that no other slice of the data set has. */
  readonly name: string;
}

/** What an adapter found. */
export interface Listing {
  /** Every slice, in numeric order within each split. */
  readonly records: readonly SliceRecord[];
  /** Files beside the slices whose names do not fit the layout. */
  readonly ignored: readonly string[];
  /**
   * Where the slices of each split were looked for, for messages: `keras_slices_test/case_*_slice_*.nii.gz`.
   */
  readonly places: Readonly<Record<Split, string>>;
  /** The classes in their order, where the layout fixes it; else the labels that occur, sorted. */
  readonly classes?: readonly string[];
}

/** What an adapter needs to know to list its slices. */
export interface ListContext<Options> {
  /** The folder that the configuration names; adapters that need none may be given none. */
  readonly root: string | undefined;
  readonly options: Options;
  /** Decides every random choice, such as which subjects are held out for validation. */
  readonly seed: number;
  /** The fraction of subjects to hold out where the layout has no validation split. */
  readonly validateFraction: number;
}

/** What an adapter needs to know to read a slice. */
export interface DecodeContext<Options> {
  readonly options: Options;
  readonly seed: number;
  /** The size to which the slice will be brought, for adapters that draw their slices. */
  readonly size: Size;
}

/**
 * A data set as a plug-in: how its slices are found and read.
 *
 * The built-in adapters are such objects; so is the default export of a package that a configuration names.
 */
export interface DatasetAdapter<Options = unknown> {
  readonly name: string;
  /** One sentence: what the layout looks like on disk. */
  readonly description: string;
  /** The adapter's own options, under `dataset.options`. */
  readonly schema: z.ZodType<Options>;
  /** The size to which slices are brought when the configuration names none. */
  defaultSize(options: Options): Size;
  list(context: ListContext<Options>): Promise<Listing>;
  /**
   * Reads one slice, in a worker thread where the adapter is a module's; unless given, what {@link decodeFile} reads
   * in the record's file.
   */
  decode?(record: SliceRecord, context: DecodeContext<Options>): Promise<SliceImage>;
  /** Reads the mask of a record that names one, at its slice's own size; from the file named unless given. */
  decodeMask?(record: SliceRecord, context: DecodeContext<Options>): Promise<SliceImage>;
  /** What is known of a slice besides its class; a file of covariates adds to it. Nothing is known unless given. */
  covariates?(record: SliceRecord, context: DecodeContext<Options>): CovariateValues;
  /** What the labels of the masks mean, the background among them; nothing is known unless given. */
  maskLabels?(options: Options): readonly MaskLabel[];
}
