import { drawPhantom } from "@slicebook/datasets";
import { describe, expect, it } from "vitest";
import { encodeWithin, type GreyImage, IMAGE_CODECS } from "../src/image-codecs.ts";

const image = phantom();

/** A head of 64×48 in 8 bits. */
function phantom(): GreyImage {
  const [height, width] = [64, 48];
  const { values } = drawPhantom({
    anatomy: "head",
    seed: 1,
    subject: "a",
    slice: 0,
    position: 0.5,
    size: [height, width],
  });
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { data: Uint8Array.from(values, (value) => (255 * (value - low)) / (high - low)), height, width };
}

describe.each(IMAGE_CODECS)("a slice as $name", (codec) => {
  it("is found at the best of all qualities that fit, wherever the search starts", async () => {
    const sizes: number[] = [];
    for (let quality = 1; quality <= 100; quality++) sizes.push((await codec.encode(image, quality)).length);
    for (const [quality, near] of [
      [12, 90],
      [50, 50],
      [81, 3],
      [100, 20],
    ] as const) {
      const bytes = sizes[quality - 1]! + 1;
      const found = await encodeWithin(image, codec, bytes, { near });
      // Files do not quite grow with every step of quality: the nearest may be missed by a few bytes.
      expect(found.bytes.length).toBeLessThanOrEqual(bytes);
      const nearest = Math.max(...sizes.filter((size) => size <= bytes));
      expect(found.bytes.length).toBeGreaterThan(0.98 * nearest);
      expect(found.bytes.length).toBe(sizes[found.quality - 1]);
    }
  });

  it("takes the lowest quality where nothing fits", async () => {
    expect(await encodeWithin(image, codec, 10)).toMatchObject({ quality: 1 });
  });

  it("is decoded to its grey values", async () => {
    const { bytes, quality } = await encodeWithin(image, codec, 1e6);
    expect(quality).toBe(100);
    const decoded = await codec.decode(bytes);
    expect(decoded.length).toBe(image.data.length);
    const errors = decoded.map((value, index) => Math.abs(value - image.data[index]!));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(2);
  });
});
