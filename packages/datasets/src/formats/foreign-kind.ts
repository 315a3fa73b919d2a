import { holdsText } from "./bytes.ts";

/** How files start that are often taken for slices, what they are, and what to do with them. */
const KINDS: readonly {
  readonly at?: number;
  readonly start: string;
  readonly kind: string;
  readonly how?: string;
}[] = [
  { at: 128, start: "DICM", kind: "a DICOM file", how: "convert it to NIfTI, by dcm2niix for example" },
  { start: "GIF8", kind: "a GIF picture", how: "save it as PNG" },
  { start: "BM", kind: "a BMP picture", how: "save it as PNG" },
  { start: "\0\0\0\x0cjP  ", kind: "a JPEG 2000 picture", how: "save it as PNG" },
  { start: "\xffO\xffQ", kind: "a JPEG 2000 picture", how: "save it as PNG" },
  { start: "\xff\x0a", kind: "a JPEG XL picture", how: "save it as PNG" },
  { at: 4, start: "ftyp", kind: "an AVIF or HEIF picture or a film", how: "save slices as PNG" },
  { start: "NRRD", kind: "an NRRD file", how: "convert it to NIfTI" },
  { start: "ObjectType", kind: "a MetaImage file", how: "convert it to NIfTI" },
  { start: "\x89HDF", kind: "an HDF5 file (MINC or MATLAB)", how: "convert it to NIfTI" },
  { start: "CDF\x01", kind: "a NetCDF file (MINC)", how: "convert it to NIfTI" },
  { start: "MATLAB", kind: "a MATLAB file", how: "save its slices as NIfTI" },
  { start: "\x93NUMPY", kind: "a NumPy array", how: "save it as NIfTI" },
  { start: "PK\x03\x04", kind: "a ZIP archive", how: "unpack it" },
  { start: "%PDF", kind: "a PDF document" },
];

/** Why a file that starts with these bytes is not read, and what to do with it where that is known. */
export function whyUnknown(bytes: Uint8Array): string {
  const known = KINDS.find(({ at, start }) => holdsText(bytes, start, at));
  if (known === undefined) return "it does not start with a NIfTI header";
  return `it is ${known.kind}, which is not read${known.how === undefined ? "" : `: ${known.how}`}`;
}
