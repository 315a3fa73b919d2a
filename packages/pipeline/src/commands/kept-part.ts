import { isSlicebookError, SlicebookError } from "@slicebook/base";
import type { ResolvedConfig } from "@slicebook/config";
import type { CodeLevel } from "@slicebook/core";
import { fitLabels } from "@slicebook/datasets";
import { decodeFile } from "@slicebook/datasets/node";
import type { OwnSlice } from "@slicebook/session";

/** The halves of a slice that may be kept, by name. */
const KEPT_HALVES = ["top", "bottom", "left", "right"] as const;
type Half = (typeof KEPT_HALVES)[number];

type Size = readonly [height: number, width: number];

/**
 * Which pixels of a slice are kept, 1 or 0 [height, width]: of a half by name, else of a picture where it is not
 * black.
 *
 * The picture is of the run's size, or of the slice's own and brought to the run's as the slice is; what that adds
 * around it is kept. Throws `KEEP_INVALID`.
 */
export async function keptPixels(
  keep: string,
  { stored, file }: OwnSlice,
  dataset: ResolvedConfig["dataset"],
): Promise<Uint8Array> {
  const [height, width] = dataset.size;
  if (isHalf(keep)) {
    const inside = {
      top: (row: number) => row < height / 2,
      bottom: (row: number) => row >= height / 2,
      left: (_: number, column: number) => column < width / 2,
      right: (_: number, column: number) => column >= width / 2,
    }[keep];
    return Uint8Array.from({ length: height * width }, (_, pixel) =>
      inside(Math.floor(pixel / width), pixel % width) ? 1 : 0,
    );
  }
  const mask = await decodeFile(keep).catch((error: unknown) => {
    const why = isSlicebookError(error) ? error.message : String(error);
    throw new SlicebookError("KEEP_INVALID", `--keep ${keep} is neither a half nor a mask: ${why}`, {
      remedy: `Give ${KEPT_HALVES.join(", ")}, or a picture that is black where the slice is to be drawn anew.`,
      cause: error,
    });
  });
  if (mask.values.some((value) => Number.isNaN(value))) {
    throw new SlicebookError("KEEP_INVALID", `the mask ${keep} holds NaN`, {
      remedy: "Give a mask that is 0 where the slice is to be drawn anew, and above it elsewhere.",
    });
  }
  const sameAs = (size: Size) => mask.height === size[0] && mask.width === size[1];
  if (!sameAs([height, width]) && !sameAs(stored)) {
    const allowed = [...new Set([stored, [height, width] as const].map(sizeText))].join(" or ");
    throw new SlicebookError(
      "KEEP_INVALID",
      `the mask ${keep} is ${sizeText([mask.height, mask.width])} (height x width); for ${file} it must be ${allowed}`,
      { remedy: "Draw the mask over the slice itself, and save it at the slice's size." },
    );
  }
  // What is hidden, rather than what is kept: a padded margin is 0.
  const hidden = { ...mask, values: Uint16Array.from(mask.values, (value) => (value > 0 ? 0 : 1)) };
  const policy = { policy: dataset.sizePolicy, path: keep };
  return Uint8Array.from(fitLabels(hidden, [height, width], policy), (value) => 1 - value);
}

/**
 * The codes of each level all of whose pixels are kept, 1 or 0 [rows, columns].
 *
 * Throws `KEEP_INVALID` if these are none or all of the codes: then there is nothing to go by, or nothing to draw.
 */
export function keptCodes(
  pixels: Uint8Array,
  levels: readonly CodeLevel[],
  { keep, size: [height, width] }: { readonly keep: string; readonly size: Size },
): Uint8Array[] {
  const known = levels.map(({ rows, columns }) => {
    const [high, wide] = [height / rows, width / columns];
    const codes = new Uint8Array(rows * columns).fill(1);
    for (const [pixel, kept] of pixels.entries()) {
      const [row, column] = [Math.floor(pixel / width / high), Math.floor((pixel % width) / wide)];
      if (kept === 0) codes[row * columns + column] = 0;
    }
    return codes;
  });
  const all = known.flatMap((codes) => Array.from(codes));
  const patch = `${height / levels[0]!.rows}x${width / levels[0]!.columns} pixels`;
  if (!all.includes(1)) {
    throw new SlicebookError(
      "KEEP_INVALID",
      `--keep ${keep} keeps no code: a code is kept if all its ${patch} are`,
      { remedy: "Keep more of the slice, or draw new slices without --complete." },
    );
  }
  if (!all.includes(0)) {
    throw new SlicebookError("KEEP_INVALID", `--keep ${keep} keeps every code: nothing is left to draw`, {
      remedy: "Paint black in the mask what is to be drawn anew.",
    });
  }
  return known;
}

function isHalf(keep: string): keep is Half {
  return KEPT_HALVES.some((half) => half === keep);
}

function sizeText([height, width]: Size): string {
  return `${height}x${width}`;
}
