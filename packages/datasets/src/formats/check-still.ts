/** Throws an `Error` for a picture of several frames. */
export function checkStill(frames: number): void {
  if (frames > 1) throw new Error(`it is an animation of ${frames} frames: save the one you mean as a file`);
}
