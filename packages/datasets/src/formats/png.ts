import { holdsText, latin } from "./bytes.ts";
import { checkStill } from "./check-still.ts";
import type { Format } from "./format.ts";

const SIGNATURE = "\x89PNG";

export const png: Format = {
  name: "PNG",
  endings: [".png"],
  sniff: (start) => holdsText(start, SIGNATURE),
  decode(bytes, _, decodePicture) {
    checkStill(framesOf(bytes));
    return decodePicture(bytes);
  },
};

/** How many frames an animated PNG shows, without decoding it; 1 for a picture that stands still. */
function framesOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = latin(bytes, at + 4, 4);
    if (name === "acTL" && at + 12 <= bytes.length) return view.getUint32(at + 8);
    if (name === "IDAT") break;
  }
  return 1;
}
