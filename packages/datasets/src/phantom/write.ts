import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeFileAtomic } from "@slicebook/base/node";
import { slicePosition } from "../adapters/phantom.ts";
import { encodeNifti } from "../formats/nifti/encode.ts";
import type { Size, Split } from "../types.ts";
import { drawPhantom, type PhantomOptions, type PhantomSlice } from "./draw.ts";
import { type PhantomTraits, phantomTraits } from "./traits.ts";

/** The layouts in which phantoms can be written. */
export const PHANTOM_LAYOUTS = ["hipmri", "oasis", "adni"] as const;

export type PhantomLayout = (typeof PHANTOM_LAYOUTS)[number];

/** What {@link writePhantom} writes. */
export interface WritePhantomOptions {
  readonly layout: PhantomLayout;
  /** The root: the split folders are one or two levels below. */
  readonly folder: string;
  /** Subjects in each split. ADNI has no validation split; its number is added to training. */
  readonly subjects?: Readonly<Record<Split, number>> | undefined;
  /** Slices of each subject. */
  readonly slices?: number | undefined;
  readonly seed?: number;
  /**
   * Height and width; the layout's own size unless given. HipMRI's every fifth subject is an eighth wider.
   */
  readonly size?: Size | undefined;
  /** Give subjects traits that show, and write a `covariates.csv` of them; not unless given. */
  readonly covariates?: boolean | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link writePhantom} wrote. */
export interface WrittenPhantom {
  /** Slices, without masks. */
  readonly slices: number;
  readonly masks: number;
  readonly subjects: number;
}

interface Subject {
  readonly split: Split;
  /** Counted from 0 over all splits. */
  readonly number: number;
}

interface File {
  readonly path: string;
  readonly content: Uint8Array;
}

const SIZES: Readonly<Record<PhantomLayout, Size>> = {
  hipmri: [256, 128],
  oasis: [256, 256],
  adni: [240, 256],
};
const FIRST_CASE: Readonly<Record<PhantomLayout, number>> = { hipmri: 4, oasis: 1, adni: 218_391 };
const ANATOMIES = { hipmri: "pelvis", oasis: "head", adni: "head" } as const;
const OASIS_GREYS = [0, 85, 170, 255];
/** Fat under the scalp saturates in 8-bit pictures, as it does in the real sets. */
const WHITE_LEVEL = 900;

/**
 * Writes procedural slices in exactly the folders, names, sizes and pixel types of a real data set, and their
 * masks.
 *
 * - `hipmri`: `keras_slices_*` of `.nii.gz` (int16, some with a slope, and float64), pelvises, masks of six
 *   labels.
 * - `oasis`: `keras_png_slices_*` of 8-bit `.nii.png`, heads, masks of the greys 0, 85, 170 and 255.
 * - `adni`: `AD_NC/{train,test}/{AD,NC}` of `.jpeg`, heads; those of AD have wide ventricles. No masks.
 *
 * With `covariates`, a `covariates.csv` says how old every subject is, and of which sex a head.
 */
export async function writePhantom({
  layout,
  folder,
  subjects = { train: 8, validate: 2, test: 2 },
  slices = 8,
  seed = 0,
  size = SIZES[layout],
  covariates = false,
  onProgress,
  signal,
}: WritePhantomOptions): Promise<WrittenPhantom> {
  const everyone = numbered(subjects);
  const total = everyone.length * slices;
  let done = 0;
  let masks = 0;
  const rows: { readonly subject: string; readonly traits: PhantomTraits }[] = [];
  for (const subject of everyone) {
    const name = nameOf(layout, subject);
    const traits = covariates ? phantomTraits(seed, ANATOMIES[layout], name) : undefined;
    if (traits !== undefined) rows.push({ subject: layout === "adni" ? name : `case_${name}`, traits });
    for (let slice = 0; slice < slices; slice++) {
      signal?.throwIfAborted();
      const position = slicePosition(slice, slices);
      const files = await WRITERS[layout]({ subject, name, traits, slice, position, seed, size });
      for (const { path, content } of files) await writeFileAtomic(join(folder, path), content);
      masks += files.length - 1;
      done += 1;
      onProgress?.({ done, total });
    }
  }
  if (covariates) await writeFileAtomic(join(folder, "covariates.csv"), tableOf(rows));
  return { slices: done, masks, subjects: everyone.length };
}

/** The number that a subject has in the layout, by which its anatomy is drawn as well. */
function nameOf(layout: PhantomLayout, { number }: Subject): string {
  const first = FIRST_CASE[layout];
  return layout === "adni" ? String(first + 17 * number) : String(first + number).padStart(3, "0");
}

function tableOf(rows: readonly { readonly subject: string; readonly traits: PhantomTraits }[]): string {
  const names = Object.keys(rows[0]?.traits ?? {});
  const lines = rows.map(({ subject, traits }) => [subject, ...Object.values(traits)].join(","));
  return `${[["subject", ...names].join(","), ...lines].join("\n")}\n`;
}

function numbered(subjects: Readonly<Record<Split, number>>): Subject[] {
  const splits = (["train", "validate", "test"] as const).flatMap((split) =>
    Array.from({ length: subjects[split] }, () => split),
  );
  return splits.map((split, number) => ({ split, number }));
}

interface SliceToWrite {
  readonly subject: Subject;
  readonly name: string;
  readonly traits: PhantomTraits | undefined;
  readonly slice: number;
  readonly position: number;
  readonly seed: number;
  readonly size: Size;
}

/** What each layout makes of a slice: the slice's file, and its mask's if the layout has masks. */
const WRITERS: Readonly<Record<PhantomLayout, (slice: SliceToWrite) => Promise<File[]> | File[]>> = {
  hipmri: hipmriFiles,
  oasis: oasisFiles,
  adni: adniFiles,
};

/** Draws a slice in an anatomy; other options take the place of its own. */
function drawSlice(
  { name, traits, slice, position, seed, size }: SliceToWrite,
  options: Pick<PhantomOptions, "anatomy"> & Partial<PhantomOptions>,
): PhantomSlice {
  return drawPhantom({ subject: name, traits, slice, position, seed, size, ...options });
}

function hipmriFiles(written: SliceToWrite): File[] {
  const { subject, name, slice, size } = written;
  const { split, number } = subject;
  const wider = number % 5 === 3 ? size[1] + Math.floor(size[1] / 8) : size[1];
  const drawn = drawSlice(written, { anatomy: ANATOMIES.hipmri, size: [size[0], wider] });
  const shape = [drawn.height, drawn.width];
  const file = `${name}_week_0_slice_${slice}.nii.gz`;
  return [
    {
      path: join(`keras_slices_${split}`, `case_${file}`),
      content: gzipSync(
        encodeNifti(drawn.values, { shape: number % 4 === 2 ? [...shape, 1] : shape, ...storage(number) }),
      ),
    },
    {
      path: join(`keras_slices_seg_${split}`, `seg_${file}`),
      content: gzipSync(encodeNifti(drawn.labels, { shape, type: "uint8" })),
    },
  ];
}

/** Subjects differ in how their values are stored, as in the real set. */
function storage(number: number): { type: "int16" | "float64"; slope?: number; intercept?: number } {
  if (number % 3 === 1) return { type: "int16", slope: 0.5, intercept: -12.5 };
  return { type: number % 3 === 2 ? "float64" : "int16" };
}

async function oasisFiles(written: SliceToWrite): Promise<File[]> {
  const { split } = written.subject;
  const drawn = drawSlice(written, { anatomy: ANATOMIES.oasis });
  const file = `${written.name}_slice_${written.slice}.nii.png`;
  const mask = Uint8Array.from(drawn.labels, (label) => OASIS_GREYS[label]!);
  return [
    {
      path: join(`keras_png_slices_${split}`, `case_${file}`),
      content: await picture(greys(drawn), drawn, "png"),
    },
    {
      path: join(`keras_png_slices_seg_${split}`, `seg_${file}`),
      content: await picture(mask, drawn, "png"),
    },
  ];
}

async function adniFiles(written: SliceToWrite): Promise<File[]> {
  const { split, number } = written.subject;
  const label = number % 2 === 0 ? "AD" : "NC";
  const drawn = drawSlice(written, { anatomy: ANATOMIES.adni, atrophy: label === "AD" });
  const file = `${written.name}_${70 + written.slice}.jpeg`;
  const path = join("AD_NC", split === "test" ? "test" : "train", label, file);
  return [{ path, content: await picture(greys(drawn), drawn, "jpeg") }];
}

function greys({ values }: PhantomSlice): Uint8Array {
  return Uint8Array.from(values, (value) => Math.min(255, Math.round((value * 255) / WHITE_LEVEL)));
}

async function picture(
  pixels: Uint8Array,
  { height, width }: PhantomSlice,
  format: "png" | "jpeg",
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const raw = sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
  return format === "png" ? raw.png().toBuffer() : raw.jpeg({ quality: 90 }).toBuffer();
}
