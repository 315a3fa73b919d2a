import { decimals } from "@slicebook/runs/figures";
import type { Estimate, RunInfo } from "../shared/answers.ts";

const DASH = "–";

/** A number to about three digits: `0.00312`, `12.4`, `1,234`. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** `95 % interval 0.812 to 0.880`, or that there is none. */
export function intervalInWords(estimate: Pick<Estimate, "ci95" | "subjects">): string {
  if (estimate.ci95 === null) return `no interval from ${plural(estimate.subjects, "subject")}`;
  return `95 % interval ${interval(estimate)}`;
}

/** `0.812 to 0.880` */
export function interval({ ci95 }: Pick<Estimate, "ci95">, places = 3): string {
  return ci95 === null ? DASH : `${decimals(ci95[0], places)} to ${decimals(ci95[1], places)}`;
}

/** `58 s`, `12 min`, `3 h 20 min` */
export function duration(seconds: number): string {
  if (seconds < 1) return seconds === 0 ? DASH : "< 1 s";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `24 Nov, 17:45`, and the year where it is another one. */
export function when(iso: string): string {
  const date = new Date(iso);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year,
    hour: "2-digit",
    minute: "2-digit",
  });
}

export function percent(share: number, places = 0): string {
  return `${decimals(100 * share, places)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** `grid 64 × 64`, or the grids of each level. */
export function gridText(grids: readonly (readonly [number, number])[]): string {
  return `${grids.length === 1 ? "grid" : "grids"} ${grids.map((sides) => sides.join(" × ")).join(" + ")}`;
}

/** `512 codes`, or those of each level: `512 + 256 + 64 codes`. */
export function codesText({ codes, codebooks = [] }: RunInfo["model"]): string {
  return codebooks.length > 1
    ? `${codebooks.map((count) => count.toLocaleString("en")).join(" + ")} codes`
    : plural(codes, "code");
}

/** A level by its grid, `16 × 16`; of several levels in one grid also which of them: `16 × 16, depth 2`. */
export function levelText(
  levels: readonly { readonly rows: number; readonly columns: number }[],
  number: number,
): string {
  const { rows, columns } = levels[number]!;
  const first = levels.findIndex((level) => level.rows === rows);
  const depth = levels.filter((level) => level.rows === rows).length;
  return `${rows} × ${columns}${depth > 1 ? `, depth ${number - first + 1}` : ""}`;
}
