import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(import.meta.url);

/** Modules whose packages a plug-in may import wherever it lies: this package's, and those that it is made of. */
export const pluginHomes: readonly string[] = [
  import.meta.url,
  ...["@slicebook/core", "@slicebook/engine"].map((name) => pathToFileURL(resolve(name)).href),
];
