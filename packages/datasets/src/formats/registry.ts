import { whyUnknown } from "./foreign-kind.ts";
import type { Format } from "./format.ts";
import { jpeg } from "./jpeg.ts";
import { nifti } from "./nifti.ts";
import { png } from "./png.ts";
import { tiff } from "./tiff.ts";
import { webp } from "./webp.ts";

/** The formats that are read. */
export const FORMATS: readonly Format[] = [nifti, png, jpeg, tiff, webp];

/** The format of a file by its first bytes, unpacked if it is `packed`; throws an `Error` if it is none of these. */
export function formatOf(start: Uint8Array, { packed = false } = {}): Format {
  const format = FORMATS.find((one) => one.sniff(start));
  if (format === undefined || (packed && format.header === undefined)) throw new Error(whyUnknown(start));
  return format;
}

/** The format that a file has by its name; `undefined` for a name with another ending. */
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

/** Where the values of a file may be that is only a header by its name; none for other files. */
export function imagePathsOf(path: string): readonly string[] {
  const { ending, imageEnding } = endingOf(path) ?? {};
  if (ending === undefined || imageEnding === undefined) return [];
  return packable(imageEnding).map((image) => `${cut(path, ending)}${image}`);
}

/** Whether a file holds the values of another one by its name, with which it is read. */
export function isImageFile(name: string): boolean {
  const lower = name.toLowerCase();
  return IMAGE_ENDINGS.some((ending) => lower.endsWith(ending));
}

/** The last parts of the names of files that can be read in a browser one by one. */
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
