import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { withoutEnding } from "../formats/registry.ts";
import { PELVIS_LABELS } from "../phantom/pelvis.ts";
import {
  type DatasetAdapter,
  type ListContext,
  type Listing,
  type SliceRecord,
  SPLITS,
  type Split,
} from "../types.ts";
import { findSplitFolders, listFiles, listFilesIfAny } from "./list-files.ts";
import { orientationOption, turned } from "./orientation-option.ts";
import { bySplit, holdOut } from "./split-subjects.ts";

const maskOptions = z.strictObject({
  masks: z
    .boolean()
    .default(false)
    .describe("Read the segmentation masks beside the slices instead of the slices."),
});

/** The options of the layouts that come with segmentation masks. */
export type MaskOptions = z.output<typeof maskOptions>;

const hipmriOptions = maskOptions.extend({ orientation: orientationOption });

/** The options of `hipmri`. */
export type HipmriOptions = z.output<typeof hipmriOptions>;

/** HipMRI: male pelvis, 2-D NIfTI, 256×128 (some 256×144), patient-disjoint splits. */
export const hipmri: DatasetAdapter<HipmriOptions> = {
  name: "hipmri",
  description: "keras_slices_{train,validate,test}/case_004_week_0_slice_0.nii.gz",
  schema: hipmriOptions,
  defaultSize: () => [256, 128],
  list: (context) =>
    listCases(context, {
      adapter: "hipmri",
      folder: (split) => `keras_slices_${split}`,
      maskFolder: (split) => `keras_slices_seg_${split}`,
      file: /^(?:case|seg)_(\d+)_week_\d+_slice_(\d+)\.nii(?:\.gz)?$/i,
      example: "case_<case>_week_<week>_slice_<slice>.nii.gz",
      every: turned(context.options),
    }),
  maskLabels: () => [
    { value: PELVIS_LABELS.background, name: "background" },
    { value: PELVIS_LABELS.body, name: "body" },
    { value: PELVIS_LABELS.bone, name: "bone" },
    { value: PELVIS_LABELS.bladder, name: "bladder" },
    { value: PELVIS_LABELS.rectum, name: "rectum" },
    { value: PELVIS_LABELS.prostate, name: "prostate" },
  ],
};

/** OASIS: brain, 256×256 8-bit PNG, subject-disjoint splits. */
export const oasis: DatasetAdapter<MaskOptions> = {
  name: "oasis",
  description: "keras_png_slices_{train,validate,test}/case_001_slice_0.nii.png",
  schema: maskOptions,
  defaultSize: () => [256, 256],
  list: (context) =>
    listCases(context, {
      adapter: "oasis",
      folder: (split) => `keras_png_slices_${split}`,
      maskFolder: (split) => `keras_png_slices_seg_${split}`,
      file: /^(?:case|seg)_(\d+)_slice_(\d+)(?:\.nii)?\.png$/i,
      example: "case_<case>_slice_<slice>.nii.png",
    }),
  maskLabels: () => [
    { value: 0, name: "background" },
    { value: 85, name: "fluid" },
    { value: 170, name: "grey matter" },
    { value: 255, name: "white matter" },
  ],
};

const ADNI_CLASSES = ["AD", "NC"];
const ADNI_FILE = /^(\d+)_(\d+)\.(?:jpe?g|png)$/i;

/**
 * ADNI: brain, 240×256 JPEG of two classes; validation is held out of training by id, stratified by class.
 */
export const adni: DatasetAdapter<Record<string, never>> = {
  name: "adni",
  description: "AD_NC/{train,test}/{AD,NC}/218391_78.jpeg",
  schema: z.strictObject({}),
  defaultSize: () => [240, 256],
  list: listAdni,
};

interface CaseLayout {
  readonly adapter: string;
  readonly folder: (split: Split) => string;
  /** Beside the folder of the slices. */
  readonly maskFolder: (split: Split) => string;
  /** Its groups are the case and the slice. */
  readonly file: RegExp;
  readonly example: string;
  /** What every record has besides. */
  readonly every?: Pick<SliceRecord, "orientation">;
}

async function listCases(context: ListContext<MaskOptions>, layout: CaseLayout): Promise<Listing> {
  const masksWanted = context.options.masks;
  const folderOf = masksWanted ? layout.maskFolder : layout.folder;
  const names = { train: folderOf("train"), validate: folderOf("validate"), test: folderOf("test") };
  const folders = await findSplitFolders(context.root, { adapter: layout.adapter, names });
  const records: SliceRecord[] = [];
  const ignored: string[] = [];
  for (const split of SPLITS) {
    const folder = folders[split];
    if (folder === undefined) continue;
    const masks = masksWanted
      ? undefined
      : await maskFiles(join(dirname(folder), layout.maskFolder(split)), layout);
    for (const path of await listFiles(folder)) {
      const [, subject, slice] = basename(path).match(layout.file) ?? [];
      if (subject === undefined) {
        ignored.push(path);
        continue;
      }
      const mask = masks?.get(maskKey(path));
      const record = {
        path,
        split,
        subject: `case_${subject}`,
        slice: Number(slice),
        ...layout.every,
        name: withoutEnding(basename(path)),
      };
      records.push(mask === undefined ? record : { ...record, mask });
    }
  }
  const exampleOf = (split: Split) => `${names[split]}/${layout.example}`;
  return {
    records,
    ignored,
    places: { train: exampleOf("train"), validate: exampleOf("validate"), test: exampleOf("test") },
  };
}

/** The masks in a folder that may not be there, by what a slice's name and its mask's have in common. */
async function maskFiles(folder: string, { file }: CaseLayout): Promise<ReadonlyMap<string, string>> {
  const paths = await listFilesIfAny(folder);
  return new Map(paths.filter((path) => file.test(basename(path))).map((path) => [maskKey(path), path]));
}

/** `004_week_0_slice_0` of both `case_004_week_0_slice_0.nii.gz` and `seg_004_week_0_slice_0.nii.gz`. */
function maskKey(path: string): string {
  return withoutEnding(basename(path)).replace(/^(?:case|seg)_/i, "");
}

async function listAdni({ root, seed, validateFraction }: ListContext<unknown>): Promise<Listing> {
  const folders = await findSplitFolders(root, {
    adapter: "adni",
    names: { train: "train", test: "test" },
    holding: ADNI_CLASSES,
  });
  const records: SliceRecord[] = [];
  const ignored: string[] = [];
  for (const split of ["train", "test"] as const) {
    const folder = folders[split];
    if (folder === undefined) continue;
    for (const path of await listFiles(folder)) {
      const [, subject, slice] = basename(path).match(ADNI_FILE) ?? [];
      const label = classFolder(path, folder);
      if (subject === undefined || label === undefined) ignored.push(path);
      else
        records.push({
          path,
          split,
          subject,
          slice: Number(slice),
          label,
          name: withoutEnding(basename(path)),
        });
    }
  }
  const exampleOf = (folder: string) => `AD_NC/${folder}/{AD,NC}/<id>_<slice>.jpeg`;
  return {
    records: bySplit(holdOut(records, { fraction: validateFraction, seed, split: "validate" })),
    ignored,
    places: {
      train: exampleOf("train"),
      validate: `${exampleOf("train")} (held out by id)`,
      test: exampleOf("test"),
    },
    classes: ADNI_CLASSES,
  };
}

/** The nearest folder above a file, up to its split's, that is named like a class. */
function classFolder(path: string, top: string): string | undefined {
  for (let folder = dirname(path); folder.length > top.length; folder = dirname(folder)) {
    if (ADNI_CLASSES.includes(basename(folder))) return basename(folder);
  }
  return undefined;
}
