import { z } from "zod";

/** A number for all levels of codes, or one for each, the coarsest first; the last one holds for those after it. */
export type PerLevel = number | readonly number[];

/** The value of such an option at a level, by its number. */
export function ofLevel(option: PerLevel, level: number): number {
  return typeof option === "number" ? option : option[Math.min(level, option.length - 1)]!;
}

/** Such an option for `count` levels, from the values of that many or more. */
export function forLevels(values: readonly number[], count: number): PerLevel {
  return count === 1 ? values[0]! : values.slice(0, count);
}

/** The schema of such an option, from that of one number. */
export function perLevel(number: z.ZodType<number, number>) {
  return z.union([number, z.array(number).min(1)], {
    error: ({ input }) =>
      typeof input === "number" || Array.isArray(input)
        ? undefined
        : `expected a number, or a list with one for each level, received ${typeof input}`,
  });
}
