import { z } from "zod";
import { baselineNames, sliceShape } from "./evaluation-schema.ts";
import { readJsonIfThere } from "./files.ts";

/** Tall grey pictures of the same test slices below each other: the originals, and what is left of them by each way to code them. */
export interface EqualBytesFiles {
  /** What the pictures show. */
  readonly slices: string;
  readonly originals: string;
  /** By the name of the way: `model`, `jpeg`, … */
  picture(name: string): string;
}

const equalBytesSchema = z.object({
  schema: z.literal(1),
  /** How the model's files are coded, whose bytes the others have at most: by tables, since the prior is not trained yet. */
  coding: z.literal("tables"),
  /** From top to bottom. */
  slices: z.array(z.object({ name: z.string() }).readonly()).readonly(),
  /** The model first. */
  ways: z
    .array(
      z
        .object({
          name: z.enum(baselineNames),
          /** Of each slice the bytes of its whole file, and how like the original it is. */
          slices: z.array(z.object({ bytes: z.int().min(1), ...sliceShape }).readonly()).readonly(),
        })
        .readonly(),
    )
    .readonly(),
});

/** A few test slices, by the model and by image formats in as many bytes. */
export type EqualBytes = z.output<typeof equalBytesSchema>;

/** The files beside a picture `STEM.png`. */
export function equalBytesFiles(stem: string): EqualBytesFiles {
  return {
    slices: `${stem}-equal-bytes.json`,
    originals: `${stem}-equal-bytes-originals.png`,
    picture: (name) => `${stem}-equal-bytes-${name}.png`,
  };
}

/** What a run's pictures at equal bytes show; undefined where there are none. */
export function readEqualBytes({ slices }: EqualBytesFiles): EqualBytes | undefined {
  return readJsonIfThere(slices, equalBytesSchema);
}
