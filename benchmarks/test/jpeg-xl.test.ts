import { greyImage } from "@slicebook/measure";
import { expect, it } from "vitest";
import { createJpegXl } from "../src/rate/jpeg-xl.ts";

it("JPEG XL is exact at its highest quality, and smaller and near below", async () => {
  const [height, width] = [40, 56];
  const values = Float32Array.from(
    { length: height * width },
    (_, index) => Math.sin(index / 300) + Math.cos((index % width) / 7),
  );
  const image = greyImage(values, { height, width });
  const codec = await createJpegXl();
  const [best, fair] = [await codec.encode(image, 100), await codec.encode(image, 60)];
  expect(await codec.decode(best)).toEqual(image.data);
  expect(fair.length).toBeLessThan(best.length / 2);
  const errors = (await codec.decode(fair)).map((value, index) => Math.abs(value - image.data[index]!));
  expect(Math.max(...errors)).toBeLessThan(32);
});
