import type { Prior } from "@slicebook/core";

export const DEFAULT_PRIOR = "pixelcnn";

type Load = () => Promise<Prior>;

/** The priors that come with Slicebook, by name: each is loaded once it is used. */
export const builtInPriors: ReadonlyMap<string, Load> = new Map<string, Load>([
  [DEFAULT_PRIOR, async () => (await import("@slicebook/prior-pixelcnn")).pixelcnn],
  ["transformer", async () => (await import("@slicebook/prior-transformer")).transformer],
]);
