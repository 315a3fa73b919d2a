import type { Estimate, RunInfo } from "@slicebook/runs";
import { decimals } from "@slicebook/runs/figures";

/** `0.846 [0.812, 0.880]`: a mean and its 95 % interval, or why there is none. */
export function meanAndInterval(estimate: Estimate, digits: number): string {
  const mean = decimals(estimate.mean, digits);
  return `${mean} ${estimate.ci95 === null ? `(${noInterval(estimate)})` : interval(estimate, digits)}`;
}

/** `[0.812, 0.880]`; a dash where too few subjects leave no interval. */
export function interval({ ci95 }: Estimate, digits: number): string {
  return ci95 === null ? "–" : `[${decimals(ci95[0], digits)}, ${decimals(ci95[1], digits)}]`;
}

/** Why there is no interval: `no interval from 2 subjects`. */
export function noInterval({ subjects }: Pick<Estimate, "subjects">): string {
  return `no interval from ${counted(subjects, "subject")}`;
}

/** A whole number in groups of three digits: `11,460`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** `1 slice`, `2 slices`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `5 min 12 s`, `1 h 2 min`, `0.8 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Bits a code with codes of one length, on average over the levels of a slice. */
export function bitsOfEvenCodes({ grids, codes, codebooks }: RunInfo["model"]): number {
  const sizes = grids.map(([rows, columns]) => rows * columns);
  const bits = grids.reduce(
    (sum, _, level) => sum + sizes[level]! * Math.log2(codebooks?.[level] ?? codes),
    0,
  );
  return bits / sizes.reduce((sum, size) => sum + size, 0);
}

/** `16.0 GiB`. */
export function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** `256×128`: height before width. */
export function sides([height, width]: readonly [number, number]): string {
  return `${height}×${width}`;
}
