import type { Prior } from "@slicebook/core";

export const DEFAULT_PRIOR = "pixelcnn";

/** The priors that come with Slicebook, by name: each is loaded once it is used. */
export const builtInPriors: ReadonlyMap<string, () => Promise<Prior>> = new Map([
  [DEFAULT_PRIOR, async () => (await import("@slicebook/prior-pixelcnn")).pixelcnn],
]);
