import stripes from "./stripes.mjs";

/** Stripes, but for the first slice of each scan, which is of one value throughout. */
export default {
  ...stripes,
  name: "half-blank",
  async decode(record, context) {
    const image = await stripes.decode(record, context);
    return record.slice === 0 ? { ...image, values: image.values.fill(7) } : image;
  },
};
