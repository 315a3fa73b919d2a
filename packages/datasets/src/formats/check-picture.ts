import { framesOf, scansOf } from "./picture-frames.ts";

/** Scans of a JPEG: a progressive one has about ten; libjpeg's own tools take more than some hundred for an attack. */
const MOST_SCANS = 100;

/** No picture of allowed size takes nearly as long; one that is made to take long is ended. */
export const MOST_SECONDS = 60;

/** Throws an `Error` for a picture that is several, or that takes without measure long to decode. */
export function checkPicture(bytes: Uint8Array): void {
  const frames = framesOf(bytes);
  if (frames > 1) throw new Error(`it is an animation of ${frames} frames: save the one you mean as a file`);
  const scans = scansOf(bytes);
  if (scans > MOST_SCANS) throw new Error(`it has ${scans} scans, of at most ${MOST_SCANS}`);
}
