/** From this many training slices on, there are no varied ones unless asked for. */
const MANY = 2000;
/** Copies of each slice, at most, unless more are asked for: more of the same few slices tell little more. */
const MOST_COPIES = 15;

/** Varied copies of each of this many training slices: those asked for, or as many as bring few slices to about 2000. */
export function variedCopies({ copies }: { readonly copies: number | null }, slices: number): number {
  return copies ?? Math.min(MOST_COPIES, Math.max(0, Math.round(MANY / slices) - 1));
}
