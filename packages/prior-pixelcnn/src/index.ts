export { type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
export { type DrawOptions, drawCode } from "./draw.ts";
export { pixelcnn } from "./pixelcnn.ts";
