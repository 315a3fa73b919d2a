export { type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
export { pixelcnn } from "./pixelcnn.ts";
