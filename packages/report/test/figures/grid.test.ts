import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { codebookColours, distinctColours, grey, inferno } from "../../src/figures/colour.ts";
import { codeGrid, contactSheet, imageGrid, reconstructionGrid } from "../../src/figures/grid.ts";

/** One image for each level, all of it that level. */
function flat(levels: readonly number[], [height, width]: readonly [number, number]) {
  const data = Float32Array.from(levels.flatMap((level) => Array<number>(height * width).fill(level)));
  return { data, shape: [levels.length, height, width] as const };
}

async function decode(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const at = (x: number, y: number) => data.readUIntBE(3 * (y * info.width + x), 3);
  const count = (colour: number) => {
    let found = 0;
    for (let index = 0; index < data.length; index += 3) if (data.readUIntBE(index, 3) === colour) found++;
    return found;
  };
  return { width: info.width, height: info.height, at, count };
}

describe("imageGrid", () => {
  it("enlarges small images by a whole factor without smoothing, in rows that keep to a width", async () => {
    const images = flat([0.25, 0.375, 0.5, 0.625, 0.75], [10, 10]);
    images.data[0] = 1;
    const picture = await decode(await imageGrid(images, { maxWidth: 1000 }));
    // Three columns of 300 pixels, 10 apart, between margins of 24; then two.
    expect(picture.width).toBe(3 * 300 + 2 * 10 + 2 * 24);
    expect(picture.count(grey(0.25))).toBe(300 * 300 - 30 * 30);
    expect(picture.count(grey(0.75))).toBe(300 * 300);
    const [left, top] = [24, 28];
    expect(picture.at(left, top)).toBe(0xffffff);
    expect(picture.at(left + 29, top + 29)).toBe(0xffffff);
    expect(picture.at(left + 30, top)).toBe(grey(0.25));
    expect(picture.at(left + 310, top)).toBe(grey(0.375));
    expect(picture.at(left, top + 310)).toBe(grey(0.625));
  });

  it("shows images larger than that as they are", async () => {
    const picture = await decode(await imageGrid(flat([0.5], [320, 200])));
    expect(picture.count(grey(0.5))).toBe(320 * 200);
  });

  it("writes title and captions over the images, whatever fonts there are", async () => {
    const images = flat([0.5, 0.5], [256, 128]);
    const bare = await decode(await imageGrid(images));
    const named = await decode(
      await imageGrid(images, {
        title: "Samples",
        subtitle: "seed 7",
        captions: ["case_004_week_0_slice_12", "7"],
      }),
    );
    expect(named.height).toBeGreaterThan(bare.height);
    expect(named.count(grey(0.5))).toBe(2 * 256 * 128);
    let ink = 0;
    for (let y = 0; y < named.height - 256 - 40; y++) {
      for (let x = 0; x < named.width; x++) if (named.at(x, y) < 0x808080) ink++;
    }
    expect(ink).toBeGreaterThan(500);
  });

  it("shows nothing but its title where there are no images", async () => {
    const picture = await decode(await imageGrid(flat([], [8, 8]), { title: "Samples" }));
    expect(picture.height).toBeLessThan(100);
  });
});

describe("reconstructionGrid", () => {
  it("puts reconstruction and error under each original, with a colour bar up to a round error", async () => {
    const originals = flat([0.5, 0.75], [100, 100]);
    const reconstructions = flat([0.375, 0.75], [100, 100]);
    const picture = await decode(
      await reconstructionGrid(originals, reconstructions, { ssim: [0.91234, 1], captions: ["a", "b"] }),
    );
    const area = 300 * 300;
    expect(picture.count(grey(0.5))).toBeGreaterThanOrEqual(area);
    expect(picture.count(grey(0.375))).toBeGreaterThanOrEqual(area);
    expect(picture.count(grey(0.75))).toBeGreaterThanOrEqual(2 * area);
    // The largest error, 0.125, is shown with a bar that ends at 0.2; no error is black.
    expect(picture.count(inferno(0.125 / 0.2))).toBeGreaterThanOrEqual(area);
    expect(picture.count(inferno(0))).toBeGreaterThanOrEqual(area);
    expect(picture.count(inferno(1))).toBeGreaterThanOrEqual(12);
  });

  it("leaves the errors out where asked to", async () => {
    const images = flat([0.5], [100, 100]);
    const both = await decode(await reconstructionGrid(images, images));
    const picture = await decode(await reconstructionGrid(images, images, { errors: false }));
    expect(picture.count(inferno(0))).toBe(0);
    expect(picture.height).toBeLessThan(both.height - 300);
  });

  it("refuses stacks of different shapes", async () => {
    await expect(reconstructionGrid(flat([0], [8, 8]), flat([0], [8, 16]))).rejects.toThrow(
      "originals [1, 8, 8] and reconstructions [1, 8, 16] differ in shape",
    );
  });
});

it("makes a contact sheet of sections of different sizes", async () => {
  const picture = await decode(
    await contactSheet([
      { title: "train", images: flat([0.3, 0.3], [256, 128]) },
      { title: "test", images: flat([0.6], [256, 144]), captions: ["x"] },
    ]),
  );
  expect(picture.count(grey(0.3))).toBe(2 * 256 * 128);
  expect(picture.count(grey(0.6))).toBe(256 * 144);
});

describe("codeGrid", () => {
  it("gives each code its colour, and shows grids as large as their slices", async () => {
    const codes = { data: Int32Array.of(0, 1, 2, 3, 0, 0), shape: [1, 3, 2] as const };
    const colours = [0x102030, 0x405060, 0x708090, 0xa0b0c0];
    const picture = await decode(await codeGrid(codes, { colours, images: flat([0.5], [300, 200]) }));
    expect(picture.count(grey(0.5))).toBe(300 * 200);
    expect(picture.count(0x102030)).toBe(3 * 100 * 100);
    expect(picture.count(0xa0b0c0)).toBe(100 * 100);
  });
});

describe("codebookColours", () => {
  it("gives codes that are close similar colours, and always the same ones", () => {
    const vectors = Float32Array.from([0, 0, 0.01, 0, 5, 5, 5.01, 5, -9, 3]);
    const colours = codebookColours(vectors, 5);
    const distance = (a: number, b: number) =>
      [16, 8, 0].reduce((sum, shift) => sum + Math.abs(((a >> shift) & 255) - ((b >> shift) & 255)), 0);
    expect(new Set(colours).size).toBe(5);
    expect(distance(colours[0]!, colours[1]!)).toBeLessThan(distance(colours[0]!, colours[2]!));
    expect(codebookColours(vectors, 5)).toEqual(colours);
  });

  it.each([
    ["one code", Float32Array.of(1, 2), 1],
    ["one dimension", Float32Array.of(1, 2, 3), 3],
    ["equal codes", new Float32Array(8), 4],
    ["none", new Float32Array(0), 0],
  ])("has a colour for each of %s", (_name, vectors, codes) => {
    const colours = codebookColours(vectors, codes);
    expect(colours).toHaveLength(codes);
    for (const colour of colours) expect(colour).toBeGreaterThanOrEqual(0);
  });
});

it("tells 512 codes apart by colour", () => {
  expect(new Set(distinctColours(512)).size).toBeGreaterThan(500);
});
