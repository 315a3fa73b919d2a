/**
 * The grey value of a colour by ITU-R BT.601's luma in 16-bit fixed point, as Pillow's `convert("L")` rounds
 * it.
 *
 * Equal channels come back exactly, for 8-bit values and 16-bit ones.
 */
export function greyOf(red: number, green: number, blue: number): number {
  return Math.floor((red * 19595 + green * 38470 + blue * 7471 + 32768) / 65536);
}
