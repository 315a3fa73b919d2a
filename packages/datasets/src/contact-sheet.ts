import { range } from "./preprocess.ts";
import { resizeBilinear } from "./resize.ts";
import type { Samples } from "./types.ts";

/** A slice on a contact sheet. */
export interface SheetImage {
  readonly height: number;
  readonly width: number;
  readonly values: Samples;
}

/** How {@link contactSheet} lays slices out. */
export interface ContactSheetOptions {
  /** Slices in a row; 8 unless given. */
  readonly columns?: number;
  /** The longer side of a slice on the sheet, in pixels; larger slices are shrunk, none is enlarged. */
  readonly cell?: number;
}

const GAP = 4;
const BACKGROUND = 32;

/**
 * Lays slices out on a grey sheet, each from black at its minimum to white at its maximum, and returns it as
 * a PNG.
 *
 * Throws a `RangeError` if there are none.
 */
export async function contactSheet(
  images: readonly SheetImage[],
  { columns = 8, cell = 160 }: ContactSheetOptions = {},
): Promise<Uint8Array> {
  if (images.length === 0) throw new RangeError("a contact sheet needs at least one slice");
  const tiles = images.map((image) => shrunk(image, cell));
  const tileHeight = Math.max(...tiles.map(({ height }) => height));
  const tileWidth = Math.max(...tiles.map(({ width }) => width));
  const across = Math.min(columns, tiles.length);
  const down = Math.ceil(tiles.length / across);
  const height = down * (tileHeight + GAP) + GAP;
  const width = across * (tileWidth + GAP) + GAP;
  const sheet = new Uint8Array(height * width).fill(BACKGROUND);
  for (const [index, tile] of tiles.entries()) {
    const top =
      GAP + Math.floor(index / across) * (tileHeight + GAP) + Math.floor((tileHeight - tile.height) / 2);
    const left = GAP + (index % across) * (tileWidth + GAP) + Math.floor((tileWidth - tile.width) / 2);
    const [low, high] = range(tile.values);
    const scale = high > low ? 255 / (high - low) : 0;
    for (let row = 0; row < tile.height; row++) {
      for (let column = 0; column < tile.width; column++) {
        const value = (tile.values[row * tile.width + column]! - low) * scale;
        sheet[(top + row) * width + left + column] = Math.round(value);
      }
    }
  }
  const { default: sharp } = await import("sharp");
  return sharp(sheet, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

function shrunk({ height, width, values }: SheetImage, cell: number): SheetImage {
  const factor = Math.min(1, cell / Math.max(height, width));
  if (factor === 1) return { height, width, values };
  const size = [Math.max(1, Math.round(height * factor)), Math.max(1, Math.round(width * factor))] as const;
  return { height: size[0], width: size[1], values: resizeBilinear(values, [height, width], size) };
}
