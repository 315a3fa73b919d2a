// The figures and how they are written: nothing here needs Node.
export { decimals } from "./decimals.ts";
export { FIGURES, type FigureKey, figureKeys, figureText } from "./figures.ts";
export {
  type FigureText,
  SLICE_FIGURES,
  type SliceFigureKey,
  sliceFigureKeys,
  withUnit,
} from "./slice-figures.ts";
