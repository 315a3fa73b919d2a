import type { RunSummary } from "@slicebook/runs";
import { formatNumber } from "./format.ts";

/** `0.8463 (0.812 to 0.880)`: the mean of the test split and its 95 % interval, or the subjects too few for one. */
export function ssimWithInterval({ ssim }: RunSummary): string {
  if (ssim === null) return "–";
  const interval = ssim.ci95?.map((bound) => bound.toFixed(3)).join(" to ");
  const none = ssim.subjects === 1 ? "1 subject" : `${ssim.subjects} subjects`;
  return `${ssim.mean.toFixed(4)} (${interval ?? none})`;
}

/** A key figure of a run; a dash where it has none. */
export function figure({ figures }: RunSummary, name: string): string {
  const value = figures[name];
  return value === undefined ? "–" : formatNumber(value);
}
