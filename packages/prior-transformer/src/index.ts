export { type TransformerConfig, transformerSchema } from "./config.ts";
export { transformer } from "./transformer.ts";
