import { z } from "zod";
import { ORIENTATIONS, type Orientation } from "../orientation.ts";

/** The option by which an adapter of NIfTI files turns their axes. */
export const orientationOption = z
  .enum(ORIENTATIONS)
  .default("file")
  .describe(
    "How NIfTI images lie: file, as their values are stored, or canonical, with axes turned by their affine to the " +
      "nearest of right, front and top.",
  );

/** What a record says of it. */
export function turned({ orientation }: { readonly orientation: Orientation }): {
  orientation?: Orientation;
} {
  return orientation === "file" ? {} : { orientation };
}

/** What the options of an adapter say of it; as files are where they say nothing. */
export function orientationIn(options: unknown): Orientation {
  const { success, data } = z.object({ orientation: orientationOption }).safeParse(options);
  return success ? data.orientation : "file";
}
