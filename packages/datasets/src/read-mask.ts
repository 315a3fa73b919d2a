import { SlicebookError } from "@slicebook/base";
import { decodeRecord } from "./decoding/decode-slice.ts";
import { decodeFile, unreadable } from "./formats/node/decode-file.ts";
import { fitLabels, type SizePolicy } from "./size-policy.ts";
import type { DatasetAdapter, DecodeContext, SliceImage, SliceRecord } from "./types.ts";

/** The largest label that a mask may have. */
const LARGEST_LABEL = 0xffff;

/**
 * Reads the mask of a slice as labels, `[height, width]` row-major, after the slice's size policy (nearest neighbour,
 * 0 around a padded one); null where the record names no mask.
 *
 * Throws `SLICE_UNREADABLE`, naming the mask's file, if it cannot be read, is not of its slice's size, or holds
 * what is not a label.
 */
export async function readMask(
  adapter: DatasetAdapter,
  record: SliceRecord,
  { sizePolicy, ...context }: DecodeContext<unknown> & { readonly sizePolicy: SizePolicy | undefined },
): Promise<Uint16Array | null> {
  const { mask: path, volume, orientation } = record;
  if (path === undefined) return null;
  const slice = await decodeRecord(adapter, record, context);
  try {
    const mask = await (adapter.decodeMask?.(record, context) ??
      decodeFile(path, { ...volume, orientation }));
    checkSameSize(mask, slice);
    return fitLabels({ ...mask, values: labelsOf(mask) }, context.size, { policy: sizePolicy, path });
  } catch (error) {
    const { code, message } = unreadable(path, error);
    if (code === "ADAPTER_INVALID") throw error;
    throw new SlicebookError(code, `the mask ${message}`, {
      remedy: "Correct or remove the mask, or leave masks out of dataset.options.",
      cause: error,
    });
  }
}

function checkSameSize(mask: SliceImage, slice: SliceImage): void {
  if (mask.height === slice.height && mask.width === slice.width) return;
  throw new SlicebookError(
    "MASK_INVALID",
    `it is ${mask.height}x${mask.width} (height x width), but its slice is ${slice.height}x${slice.width}`,
  );
}

function labelsOf({ values, width }: SliceImage): Uint16Array {
  const labels = new Uint16Array(values.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const value = values[pixel]!;
    if (!Number.isInteger(value) || value < 0 || value > LARGEST_LABEL) {
      const position = `row ${Math.floor(pixel / width)}, column ${pixel % width}`;
      throw new SlicebookError(
        "MASK_INVALID",
        `its value at ${position} is ${value}, where labels are whole numbers from 0 to ${LARGEST_LABEL}`,
      );
    }
    labels[pixel] = value;
  }
  return labels;
}
