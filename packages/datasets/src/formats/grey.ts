/**
 * The grey value of a colour by ITU-R BT.601's luma in 16-bit fixed point, as Pillow's `convert("L")` rounds
 * it.
 *
 * Equal channels come back exactly, for 8-bit values and 16-bit ones.
 */
export function greyOf(red: number, green: number, blue: number): number {
  return Math.floor((red * 19595 + green * 38470 + blue * 7471 + 32768) / 65536);
}

/** What is known of pixels whose channels lie one after the other. */
interface PixelLayout {
  /** 1 to 4: grey or colour, and alpha. */
  readonly channels: number;
  /** Whether the last channel is alpha. */
  readonly alpha: boolean;
  /** The alpha of an opaque pixel. */
  readonly full: number;
  readonly luma?: typeof greyOf;
}

/** The grey values of a picture's pixels: colour by its luma, alpha laid over black. */
export function greysOfPixels(
  pixels: ArrayLike<number>,
  { channels, alpha, full, luma = greyOf }: PixelLayout,
): Float32Array {
  const opaque = alpha ? channels - 1 : channels;
  const values = new Float32Array(pixels.length / channels);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += channels) {
    const grey = opaque >= 3 ? luma(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!) : pixels[at]!;
    values[pixel] = alpha ? (grey * pixels[at + opaque]!) / full : grey;
  }
  return values;
}
