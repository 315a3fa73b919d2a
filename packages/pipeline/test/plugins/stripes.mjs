import { z } from "zod";

/** A data set as somebody else would write it: stripes, drawn rather than read. */
export default {
  name: "stripes",
  description: "drawn in memory",
  schema: z.strictObject({ width: z.int().min(1).default(4).describe("Pixels a stripe.") }),
  defaultSize: () => [32, 32],
  async list() {
    const records = ["train", "validate", "test"].flatMap((split) =>
      Array.from({ length: 4 }, (_, slice) => {
        const subject = `${split}-stripes`;
        return { path: `stripes:${subject}-${slice}`, split, subject, slice, name: `${subject}-${slice}` };
      }),
    );
    return { records, ignored: [], places: { train: "drawn", validate: "drawn", test: "drawn" } };
  },
  async decode({ slice }, { options, size: [height, width] }) {
    const values = Float32Array.from({ length: height * width }, (_, index) =>
      Math.floor(((index % width) + slice) / options.width) % 2 === 0 ? 0 : 1,
    );
    return { height, width, values, type: "float32" };
  },
};
