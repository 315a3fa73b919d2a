import type { VqvaeConfig } from "../config.ts";
import type { Quantizer } from "./quantizer.ts";
import { vectorQuantizer } from "./vector.ts";

/** The quantizer of each grid of codes, the coarsest first. */
export function quantizers(config: VqvaeConfig): Quantizer[] {
  const { depth } = config.quantizer;
  return Array.from({ length: config.hierarchy }, (_, grid) => vectorQuantizer(config, grid * depth));
}
