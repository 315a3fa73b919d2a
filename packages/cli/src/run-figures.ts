import { counted } from "@slicebook/base";
import type { RunSummary } from "@slicebook/runs";
import { FIGURES, type FigureKey, figureText } from "@slicebook/runs/figures";

/** `0.8463 (0.812 to 0.880)`: the mean of the test split and its 95 % interval, or the subjects too few for one. */
export function ssimWithInterval({ ssim }: RunSummary): string {
  if (ssim === null) return "–";
  const interval = ssim.ci95?.map((bound) => bound.toFixed(3)).join(" to ");
  return `${figureText(FIGURES.ssim, ssim.mean)} (${interval ?? counted(ssim.subjects, "subject")})`;
}

/** A figure of a run; a dash where it has none. */
export function figure({ figures }: RunSummary, key: FigureKey): string {
  return figureText(FIGURES[key], figures[key]);
}
