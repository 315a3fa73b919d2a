import { type PixelcnnConfig, pixelcnn } from "@slicebook/prior-pixelcnn";

/** The configuration of a PixelCNN of these sizes without what the peer has not. */
export function pixelcnnAsPeer(options: Readonly<Record<string, unknown>>): PixelcnnConfig {
  return pixelcnn.schema.parse({
    ...options,
    dropout: 0,
    positionBias: false,
    attention: { count: 0 },
    tied: false,
    corruption: 0,
  });
}
