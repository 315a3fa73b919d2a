import { random } from "@slicebook/base";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeGreyJpeg } from "../../../src/formats/node/decode-grey-jpeg.ts";
import { decodeGreyPng } from "../../../src/formats/node/decode-grey-png.ts";
import { decodeAnyPicture } from "../../../src/formats/node/decode-picture.ts";

/** A picture with smooth parts, edges and noise. */
function picture(height: number, width: number, depth: 8 | 16) {
  const noise = random(height * width, "noise").normals(height * width, 12);
  const most = 2 ** depth - 1;
  const pixels = noise.map((value, pixel) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const smooth = 120 + 90 * Math.sin(row / 9) * Math.cos(column / 13);
    const noisy = (row >> 4) % 2 === 0 ? smooth : smooth + 3 * value;
    return ((column > width / 2 ? 255 - noisy : noisy) * most) / 255;
  });
  const clamped = pixels.map((value) => Math.max(0, Math.min(most, value)));
  const data = depth === 8 ? Uint8Array.from(clamped) : Uint16Array.from(clamped);
  return sharp(data, { raw: { width, height, channels: 1 } }).toColourspace(depth === 8 ? "b-w" : "grey16");
}

const SIZES: readonly [number, number][] = [
  [8, 8],
  [1, 1],
  [17, 23],
  [64, 40],
  [240, 256],
];

const valuesOf = ({ values, ...image }: { readonly values: ArrayLike<number> }) => ({
  ...image,
  values: Array.from(values),
});

describe("decodeGreyPng", () => {
  it.each(SIZES)(
    "gives the general decoder's values: %i×%i, both depths, all filters",
    async (height, width) => {
      for (const depth of [8, 16] as const) {
        for (const adaptiveFiltering of [true, false]) {
          const bytes = await picture(height, width, depth).png({ adaptiveFiltering }).toBuffer();
          const image = decodeGreyPng(bytes);
          expect(image).toBeDefined();
          expect(valuesOf(image!)).toEqual(valuesOf(await decodeAnyPicture(bytes)));
        }
      }
    },
  );

  it("leaves other kinds of picture to the general decoder", async () => {
    const grey = picture(20, 30, 8);
    const others = [
      grey.clone().png({ progressive: true }),
      grey.clone().png({ palette: true }),
      grey.clone().toColourspace("srgb").png(),
      grey.clone().ensureAlpha().png(),
      grey.clone().png().withMetadata({ orientation: 6 }),
      grey.clone().jpeg(),
    ];
    for (const other of others) expect(decodeGreyPng(await other.toBuffer())).toBeUndefined();
  });
});

describe("decodeGreyJpeg", () => {
  it.each(SIZES)("gives the general decoder's values: %i×%i, all qualities", async (height, width) => {
    for (const quality of [1, 50, 90, 100]) {
      for (const progressive of [true, false]) {
        const bytes = await picture(height, width, 8).jpeg({ quality, progressive }).toBuffer();
        const image = await decodeGreyJpeg(bytes);
        expect(image).toBeDefined();
        expect(valuesOf(image!)).toEqual(valuesOf(await decodeAnyPicture(bytes)));
      }
    }
  });

  it("leaves other kinds of picture to the general decoder", async () => {
    const grey = picture(20, 30, 8);
    const others = [
      grey.clone().toColourspace("srgb").jpeg(),
      grey.clone().jpeg().withMetadata({ orientation: 6 }),
      grey.clone().png(),
    ];
    for (const other of others) expect(await decodeGreyJpeg(await other.toBuffer())).toBeUndefined();
  });

  it("gives nothing for what is cut off or says what it is not, and continues with the next picture", async () => {
    const bytes = await picture(64, 64, 8).jpeg().toBuffer();
    const whole = await decodeGreyJpeg(bytes);
    for (let length = 0; length < bytes.length - 2; length += 7) {
      expect(await decodeGreyJpeg(bytes.subarray(0, length))).toBeUndefined();
    }
    const taller = Buffer.from(bytes);
    taller.writeUInt16BE(72, bytes.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    expect(await decodeGreyJpeg(taller)).toBeUndefined();
    expect(await decodeGreyJpeg(bytes)).toEqual(whole);
  });
});
