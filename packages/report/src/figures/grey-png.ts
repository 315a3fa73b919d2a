import type { ImageStack } from "./grid.ts";

/** One image of a stack as an 8-bit grey PNG. */
export async function greyPng(
  { data, shape: [, height, width] }: ImageStack,
  index: number,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const values = data.subarray(index * height * width, (index + 1) * height * width);
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return sharp(bytes, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toBuffer();
}

/** The images of a stack as one, from top to bottom. */
export function tall({ data, shape: [count, height, width] }: ImageStack): ImageStack {
  return { data, shape: [1, count * height, width] };
}
