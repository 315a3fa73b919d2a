import { holdsText } from "./bytes.ts";
import type { Format } from "./format.ts";

/** Scans of a JPEG: a progressive one has about ten; libjpeg's own tools take more than some hundred for an attack. */
const MOST_SCANS = 100;

export const jpeg: Format = {
  name: "JPEG",
  endings: [".jpg", ".jpeg"],
  sniff: (start) => holdsText(start, "\xff\xd8\xff"),
  decode(bytes, _, decodePicture) {
    const scans = scansOf(bytes);
    if (scans > MOST_SCANS) throw new Error(`it has ${scans} scans, of at most ${MOST_SCANS}`);
    return decodePicture(bytes);
  },
};

/** How many scans a JPEG file has, without decoding it: each of a progressive one goes over all its pixels. */
function scansOf(bytes: Uint8Array): number {
  let scans = 0;
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    const marker = bytes[at + 1];
    if (at < 0 || marker === undefined || marker === 0xd9) return scans;
    if (marker === 0xff) at += 1;
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8) || marker === 1) at += 2;
    else {
      if (marker === 0xda) scans += 1;
      at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    }
  }
}
