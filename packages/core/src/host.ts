// What runs without TensorFlow.js: for the server of the viewer, and the page before a model is asked for.
export { isUsed } from "./carry-names.ts";
export { codeGridsIn } from "./code-space.ts";
export { perplexity } from "./metrics/codes.ts";
export { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
export {
  headerEnd,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorPlace,
  tensorAt,
} from "./safetensors-header.ts";
