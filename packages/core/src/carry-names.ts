/** What the names of the weights' moving averages start with in a carry. */
export const AVERAGE = "average.";

/** What the names of the levels' codebooks start with in a carry. */
export const CODEBOOK = "quantizer.codebook.";

/** Whether a trained model or prior is used with a checkpoint's tensor of that name; the others are there for training. */
export function isUsed(name: string): boolean {
  return name.startsWith(AVERAGE) || name.startsWith(CODEBOOK);
}
