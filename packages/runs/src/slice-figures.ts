import {
  type ImageSize,
  type MetricScale,
  meanAbsoluteError,
  mse,
  msSsim,
  psnr,
  scaleWeights,
  ssim,
  ssimDefault,
  toUnitRange,
  type UnitPair,
} from "@slicebook/core/host";

/** How a figure is called and written wherever it is shown. */
export interface FigureText {
  readonly name: string;
  /** Empty where it has none. */
  readonly unit: string;
  /** Decimals. */
  readonly digits: number;
  /** The better end; absent where that is a matter of what is wanted. */
  readonly better?: "higher" | "lower";
}

/** A slice and its reconstruction, in the original's units and on [0, 1]. */
interface ComparedSlice {
  readonly original: Float32Array;
  readonly reconstruction: Float32Array;
  readonly unit: UnitPair;
  readonly size: ImageSize;
}

/** A figure that is measured of each slice and its reconstruction. */
interface SliceFigure extends FigureText {
  readonly better: "higher" | "lower";
  /** The scale on which intervals are taken. */
  readonly scale: MetricScale;
  /** Whether files of earlier versions lack it. */
  readonly recent?: true;
  measure(slice: ComparedSlice): number;
  /** How it is measured, in a sentence. */
  protocol(size: ImageSize): string;
}

/** PSNR counts as this many decibels where a reconstruction is better or exact. */
const MOST_DECIBELS = 100;

/** What is measured of each slice, by key: files, tables and pages hold these figures, in this order. */
export const SLICE_FIGURES = {
  ssim: {
    name: "SSIM",
    unit: "",
    digits: 4,
    better: "higher",
    scale: "correlation",
    measure: ({ unit, size }) => ssim(unit.original, unit.reconstruction, size),
    protocol: () =>
      "11×11 Gaussian window, σ 1.5, population covariance, K1 0.01, K2 0.03, data range 1, after mapping each " +
      "original to [0, 1] by its own least and greatest value, and its reconstruction by the same map.",
  },
  ssimDefault: {
    name: "SSIM (7×7)",
    unit: "",
    digits: 4,
    better: "higher",
    scale: "correlation",
    measure: ({ original, reconstruction, size }) => ssimDefault(original, reconstruction, size),
    protocol: () =>
      "scikit-image's defaults: 7×7 uniform window, sample covariance, the original's own range, as student reports " +
      "often use it.",
  },
  msSsim: {
    name: "MS-SSIM",
    unit: "",
    digits: 4,
    better: "higher",
    scale: "correlation",
    measure: ({ unit, size }) => msSsim(unit.original, unit.reconstruction, size).msSsim,
    protocol: (size) => {
      const scales = scaleWeights(size).length;
      return `${scales} scale${scales === 1 ? "" : "s"}, weights renormalised where under five.`;
    },
  },
  psnr: {
    name: "PSNR",
    unit: "dB",
    digits: 2,
    better: "higher",
    scale: "real",
    measure: ({ unit }) => Math.min(MOST_DECIBELS, psnr(unit.original, unit.reconstruction)),
    protocol: () => "Peak 1, on the same [0, 1] images.",
  },
  mse: {
    name: "MSE",
    unit: "",
    digits: 6,
    better: "lower",
    scale: "positive",
    measure: ({ unit }) => mse(unit.original, unit.reconstruction),
    protocol: () => "On the same [0, 1] images.",
  },
  mae: {
    name: "MAE",
    unit: "",
    digits: 4,
    better: "lower",
    scale: "positive",
    recent: true,
    measure: ({ unit }) => meanAbsoluteError(unit.original, unit.reconstruction),
    protocol: () => "Mean absolute error, on the same [0, 1] images.",
  },
} as const satisfies Readonly<Record<string, SliceFigure>>;

export type SliceFigureKey = keyof typeof SLICE_FIGURES;

/** The keys of {@link SLICE_FIGURES} that files of earlier versions lack. */
export type RecentKey = {
  [Key in SliceFigureKey]: (typeof SLICE_FIGURES)[Key] extends { readonly recent: true } ? Key : never;
}[SliceFigureKey];

/** The figures of one slice, or means of several. */
export type SliceFigures = Readonly<Record<SliceFigureKey, number>>;

/** Something for each figure of {@link SLICE_FIGURES}, in their order. */
export function eachSliceFigure<T>(
  make: (key: SliceFigureKey, figure: SliceFigure) => T,
): Readonly<Record<SliceFigureKey, T>> {
  const entries = sliceFigureKeys.map((key) => [key, make(key, SLICE_FIGURES[key])] as const);
  return Object.fromEntries(entries) as Record<SliceFigureKey, T>; // one for each key, as the type says
}

export const sliceFigureKeys = Object.keys(SLICE_FIGURES) as readonly SliceFigureKey[];

/** The figures of one slice; both images are in the original's units. */
export function measureSlice(
  original: Float32Array,
  reconstruction: Float32Array,
  size: ImageSize,
): SliceFigures {
  const slice = { original, reconstruction, unit: toUnitRange(original, reconstruction), size };
  return eachSliceFigure((_, { measure }) => measure(slice));
}

/** `PSNR (dB)`: a figure's name with its unit. */
export function withUnit({ name, unit }: FigureText): string {
  return unit === "" ? name : `${name} (${unit})`;
}
