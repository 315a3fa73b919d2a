/** How well a completion fits what is known of its slice. */
interface CompletionFigure {
  readonly name: string;
  /** Bits that the prior takes for a code that was drawn, given those before it in the order in which they were. */
  readonly bitsPerCode: number;
  /** SSIM with the slice over the windows that hold pixels that are kept and others. */
  readonly seamSsim: number;
}

/** The figures of a slice's completions, and their means. */
export interface CompletionFigures extends Omit<CompletionFigure, "name"> {
  /** Of the codes that the slice has where others were drawn: the fewer, the more the prior knew of what is missing. */
  readonly originalBitsPerCode: number;
  /** Of the slice as decoded from its own codes, which no completion can be expected to surpass. */
  readonly reconstructionSeamSsim: number;
  readonly completions: readonly CompletionFigure[];
}

export function completionFigures(
  original: Pick<CompletionFigures, "originalBitsPerCode" | "reconstructionSeamSsim">,
  completions: readonly CompletionFigure[],
): CompletionFigures {
  const mean = (key: "bitsPerCode" | "seamSsim") =>
    completions.reduce((sum, one) => sum + one[key], 0) / completions.length;
  return { bitsPerCode: mean("bitsPerCode"), seamSsim: mean("seamSsim"), ...original, completions };
}

/** What the known codes of the index-th grid take and what the others do, in nats, from ln p of all codes, each level. */
export function natsOf(
  logs: readonly Float32Array[],
  known: readonly Uint8Array[],
  index: number,
): { readonly known: number; readonly drawn: number } {
  const nats = { known: 0, drawn: 0 };
  for (const [level, mask] of known.entries()) {
    for (const [at, isKnown] of mask.entries()) {
      nats[isKnown === 0 ? "drawn" : "known"] -= logs[level]![index * mask.length + at]!;
    }
  }
  return nats;
}

/** The mean of the codes of the index-th grid that are not known, in bits. */
export function bitsPerDrawnCode(
  logs: readonly Float32Array[],
  known: readonly Uint8Array[],
  index: number,
): number {
  const count = known.flatMap((mask) => Array.from(mask)).filter((one) => one === 0).length;
  return natsOf(logs, known, index).drawn / count / Math.LN2;
}
