import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { progressionFilm } from "../../src/figures/film.ts";

const shape = [3, 32, 16] as const;
const slices = (level: number) => ({ data: new Float32Array(3 * 32 * 16).fill(level), shape });

describe("progressionFilm", () => {
  it("makes a WebP and a GIF with a page for each frame, the last one held", async () => {
    const frames = [0.1, 0.5, 0.9].map((level, index) => ({
      label: `epoch ${index + 1}`,
      images: slices(level),
    }));
    const film = await progressionFilm(slices(0.5), frames, { delay: 200 });
    for (const [format, bytes] of [
      ["webp", film.webp],
      ["gif", film.gif],
    ] as const) {
      expect(await sharp(bytes).metadata()).toMatchObject({
        format,
        pages: 3,
        width: film.width,
        height: film.height,
        delay: [200, 200, 1000],
        loop: 0,
      });
    }
    const pages = await Promise.all(
      [0, 1, 2].map((page) => sharp(film.gif, { page }).removeAlpha().raw().toBuffer()),
    );
    // The last slice's reconstruction, at the bottom right, brightens.
    const corner = pages.map((page) => page[3 * ((film.height - 20) * film.width + film.width - 20)]!);
    expect(corner.map((level) => Math.round(level / 25.5))).toEqual([1, 5, 9]);
    expect(pages[0]!.equals(pages[1]!)).toBe(false);
  });

  it("refuses no frames, and frames of another shape", async () => {
    await expect(progressionFilm(slices(0), [])).rejects.toThrow("one frame at least");
    const wrong = { data: new Float32Array(3 * 16 * 16), shape: [3, 16, 16] as const };
    await expect(progressionFilm(slices(0), [{ label: "epoch 1", images: wrong }])).rejects.toThrow(
      'frame "epoch 1" [3, 16, 16] has not the originals\' shape [3, 32, 16]',
    );
  });
});
