import type { Orientation } from "../orientation.ts";
import type { SliceImage, VolumePlace } from "../types.ts";

/** Which slice of a file is wanted, and how it is turned; a file with one slice needs no place. */
export interface SliceOptions extends Partial<VolumePlace> {
  /** `canonical`: axes are turned to the patient's first, so that plane 2 is axial; `file` unless given. */
  readonly orientation?: Orientation | undefined;
  /** The content of the file with the values, for a header that is a file by itself. */
  readonly image?: Uint8Array | undefined;
}

/** What a file says of its values before them. */
export interface FormatHeader {
  /** The lengths of the axes as written. */
  readonly shape: readonly number[];
  /** The bytes, unpacked, of the file with the values up to the last of them. */
  readonly byteLength: number;
  /** Whether the values are in a file beside this one. */
  readonly paired: boolean;
  /** The three lengths of a volume, or a slice's two and 1; throws for any other shape. */
  sides(orientation?: Orientation): readonly [number, number, number];
  /** Throws if the file has no such slice. */
  check(options: SliceOptions): void;
}

/** Decodes a picture with what the machine has: sharp in Node, the browser's own decoders in a page. */
export type PictureDecoder = (bytes: Uint8Array) => Promise<SliceImage>;

/** A format of files: everything that the rest of the code knows of it. */
export interface Format {
  /** As users call it. */
  readonly name: string;
  /** How its files' names end, in lower case; with a header, `.gz` may follow. */
  readonly endings: readonly string[];
  /** The ending of the file with the values, by that of the header, where these are two files. */
  readonly imageEndings?: Readonly<Record<string, string>>;
  /** Whether files say where their slices lie in space. */
  readonly placed?: boolean;
  /** Whether only Node can decode it, and no browser. */
  readonly nodeOnly?: boolean;
  /** Whether a file of this format may start with these bytes. */
  sniff(start: Uint8Array): boolean;
  /** Reads the header, of a format whose files may be volumes or packed by gzip; throws if it is damaged. */
  header?(start: Uint8Array): FormatHeader;
  /** Decodes one slice of a file's content, which is not packed; throws an `Error` that says what is wrong with it. */
  decode(
    content: Uint8Array,
    options: SliceOptions,
    decodePicture: PictureDecoder,
  ): SliceImage | Promise<SliceImage>;
}
