import { holdsText } from "./bytes.ts";
import { checkStill } from "./check-still.ts";
import type { Format } from "./format.ts";

export const webp: Format = {
  name: "WebP",
  endings: [".webp"],
  sniff: (start) => holdsText(start, "RIFF") && holdsText(start, "WEBP", 8),
  decode(bytes, _, decodePicture) {
    checkStill(framesOf(bytes));
    return decodePicture(bytes);
  },
};

/** How many frames an animated WebP file shows, without decoding it; 0 for a picture that stands still. */
function framesOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (holdsText(bytes, "ANMF", at)) frames += 1;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  return frames;
}
