import type { Format } from "./format.ts";
import { isTiff } from "./tiff-directory.ts";

export const tiff: Format = {
  name: "TIFF",
  endings: [".tif", ".tiff"],
  nodeOnly: true,
  sniff: isTiff,
  decode: (bytes, _, decodePicture) => decodePicture(bytes),
};
