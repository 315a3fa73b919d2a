import { whyUnknown } from "./foreign-kind.ts";
import type { Format } from "./format.ts";
import { jpeg } from "./jpeg.ts";
import { nifti } from "./nifti.ts";
import { png } from "./png.ts";
import { tiff } from "./tiff.ts";
import { webp } from "./webp.ts";

/** The formats that are read. */
export const FORMATS: readonly Format[] = [nifti, png, jpeg, tiff, webp];

/** The format of a file by its first bytes, unpacked if it was `packed`; throws an `Error` for an unknown one. */
export function formatOf(start: Uint8Array, { packed = false } = {}): Format {
  const format = FORMATS.find((one) => one.sniff(start));
  if (format === undefined || (packed && format.header === undefined)) throw new Error(whyUnknown(start));
  return format;
}

/** The format of a file by the ending of its name; `undefined` for any other ending. */
export function formatNamed(name: string): Format | undefined {
  return endingOf(name)?.format;
}

/** A file's name without the endings of its format: `case_001_slice_0` of `case_001_slice_0.nii.png`. */
export function withoutEnding(name: string): string {
  const known = endingOf(name);
  const rest = known === undefined ? name.replace(/\.[a-z]+(?:\.gz)?$/i, "") : cut(name, known.ending);
  // What is made of a volume, such as a picture of a slice, often keeps the volume's ending.
  const inner = endingOf(rest);
  return inner?.format.header === undefined ? rest : cut(rest, inner.ending);
}

/** Where the values may be of a file that is only a header by its name; none for other files. */
export function imagePathsOf(path: string): readonly string[] {
  const { ending, imageEnding } = endingOf(path) ?? {};
  if (ending === undefined || imageEnding === undefined) return [];
  return packable(imageEnding).map((image) => `${cut(path, ending)}${image}`);
}

/** Whether a file, by its name, holds the values of a header and is read with it. */
export function isImageFile(name: string): boolean {
  const lower = name.toLowerCase();
  return IMAGE_ENDINGS.some((ending) => lower.endsWith(ending));
}

/** The extensions for a browser's file chooser: of files that a page reads, without headers that need a second file. */
export function browserEndings(): readonly string[] {
  const endings = ENDINGS.filter(({ format, imageEnding }) => !format.nodeOnly && imageEnding === undefined);
  return [...new Set(endings.map(({ ending }) => ending.slice(ending.lastIndexOf("."))))];
}

interface KnownEnding {
  readonly ending: string;
  readonly format: Format;
  readonly imageEnding: string | undefined;
}

const ENDINGS: readonly KnownEnding[] = FORMATS.flatMap((format) =>
  format.endings.flatMap((plain) =>
    (format.header === undefined ? [plain] : packable(plain)).map((ending) => ({
      ending,
      format,
      imageEnding: format.imageEndings?.[plain],
    })),
  ),
);

const IMAGE_ENDINGS = FORMATS.flatMap(({ imageEndings = {} }) =>
  Object.values(imageEndings).flatMap(packable),
);

function packable(ending: string): string[] {
  return [ending, `${ending}.gz`];
}

function endingOf(name: string): KnownEnding | undefined {
  const lower = name.toLowerCase();
  return ENDINGS.find(({ ending }) => lower.endsWith(ending));
}

function cut(name: string, ending: string): string {
  return name.slice(0, -ending.length);
}
