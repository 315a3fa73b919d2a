import { type Summary, summarise } from "@slicebook/core";
import type { MaskLabel } from "@slicebook/datasets";
import type { MaskLabelErrors } from "@slicebook/runs";

/** Errors within the labels of masks, gathered slice by slice. */
export interface MaskErrors {
  /** A slice's original and reconstruction in [0, 1], and the label of each pixel. */
  add(
    slice: { readonly original: ArrayLike<number>; readonly reconstruction: ArrayLike<number> },
    labels: Uint16Array,
    subject: string,
  ): void;
  /** Of each label that occurs, the least first; undefined where there was no mask. */
  summary(): readonly MaskLabelErrors[] | undefined;
}

/** What is known of one label: its pixels in all, and for each slice that has it the mean errors there. */
interface OneLabel {
  pixels: number;
  readonly absolute: number[];
  readonly squared: number[];
  readonly subjects: string[];
}

export function maskErrors(names: readonly MaskLabel[]): MaskErrors {
  const byLabel = new Map<number, OneLabel>();
  let pixels = 0;
  return {
    add({ original, reconstruction }, labels, subject) {
      const sums = new Map<number, { count: number; absolute: number; squared: number }>();
      for (const [pixel, label] of labels.entries()) {
        const error = original[pixel]! - reconstruction[pixel]!;
        const sum = sums.get(label) ?? { count: 0, absolute: 0, squared: 0 };
        sum.count += 1;
        sum.absolute += Math.abs(error);
        sum.squared += error * error;
        sums.set(label, sum);
      }
      pixels += labels.length;
      for (const [label, { count, absolute, squared }] of sums) {
        const all = byLabel.get(label) ?? { pixels: 0, absolute: [], squared: [], subjects: [] };
        all.pixels += count;
        all.absolute.push(absolute / count);
        all.squared.push(squared / count);
        all.subjects.push(subject);
        byLabel.set(label, all);
      }
    },
    summary() {
      if (pixels === 0) return undefined;
      return [...byLabel.entries()]
        .sort(([a], [b]) => a - b)
        .map(([value, label]) => {
          const name = names.find((known) => known.value === value)?.name;
          const summary = (values: readonly number[]): Summary =>
            summarise(values, label.subjects, { scale: "positive" });
          return {
            value,
            ...(name === undefined ? {} : { name }),
            share: label.pixels / pixels,
            mae: summary(label.absolute),
            mse: summary(label.squared),
          };
        });
    },
  };
}
