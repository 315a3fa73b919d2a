export { compareRuns } from "./compare-runs.ts";
export type { Comparison, PairedDifference } from "./comparison.ts";
export { metricsCsv } from "./csv.ts";
export { type Plot, svgToPng } from "./figures/chart.ts";
export { type FilmFrame, progressionFilm } from "./figures/film.ts";
export { svgText } from "./figures/font.ts";
export { greyPng, tall } from "./figures/grey-png.ts";
export {
  codeGrid,
  contactSheet,
  type ImageStack,
  imageGrid,
  likelihoodGrid,
  pairGrid,
  reconstructionGrid,
} from "./figures/grid.ts";
export { plotCodebookUsage, plotMetrics } from "./figures/plot.ts";
export { plotNovelty } from "./figures/plot-novelty.ts";
export { bitsOfEvenCodes, counted } from "./format.ts";
export { modelCard } from "./model-card.ts";
export {
  dropFramesAfter,
  frameIsDue,
  readFrame,
  saveFrame,
} from "./progression.ts";
export { reportHtml } from "./report-html.ts";
export type { NextCommand, Picture, ReportInput } from "./report-input.ts";
