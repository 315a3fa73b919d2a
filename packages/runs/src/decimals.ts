/** A number with this many decimals; a dash for what is not a number, or not there. */
export function decimals(value: number | null | undefined, digits: number): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "–";
}
