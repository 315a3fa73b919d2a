import type { VqvaeConfig } from "./config.ts";
import { type Network, network } from "./networks.ts";
import { quantizers } from "./quantizers/index.ts";
import type { Quantizer } from "./quantizers/quantizer.ts";

/** What a VQ-VAE is made of. */
export interface VqvaeParts {
  readonly config: VqvaeConfig;
  readonly network: Network;
  /** Of each grid of codes, the coarsest first. */
  readonly quantizers: readonly Quantizer[];
}

export function partsOf(config: VqvaeConfig): VqvaeParts {
  return { config, network: network(config), quantizers: quantizers(config) };
}
