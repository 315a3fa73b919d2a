import type { VqvaeConfig } from "../config.ts";
import { ofLevel } from "../per-level.ts";
import type { Quantizer } from "./quantizer.ts";
import { scalarQuantizer } from "./scalar.ts";
import { vectorQuantizer } from "./vector.ts";

/** The quantizer of each grid of codes, the coarsest first. */
export function quantizers(config: VqvaeConfig): Quantizer[] {
  const { kind, depth } = config.quantizer;
  const make = kind === "fsq" ? scalarQuantizer : vectorQuantizer;
  return Array.from({ length: config.hierarchy }, (_, grid) =>
    make({ ...config, codes: ofLevel(config.codes, grid) }, grid * depth),
  );
}
