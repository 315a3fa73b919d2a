import { pixelcnn } from "@slicebook/prior-pixelcnn";
import { z } from "zod";

/** A prior as somebody else would write it: a PixelCNN with one option of its own. */
export const prior = {
  name: "small-prior",
  schema: z.strictObject({ hidden: z.int().min(2).default(4) }),
  bind: ({ hidden }, space) =>
    pixelcnn.bind(pixelcnn.schema.parse({ layers: 1, hidden, headWidth: 4, firstKernel: 3 }), space),
};
