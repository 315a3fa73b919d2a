import { canvasPixels, createCanvas, drawTile, fill } from "./canvas.ts";
import { grey } from "./colour.ts";
import { svgText, textWidth } from "./font.ts";
import { type ImageStack, imageTile } from "./grid.ts";
import { ink, okabeIto } from "./palette.ts";

/** One picture of a film: what the model made of the same slices at some time of its training. */
export interface FilmFrame {
  /** Shown over the slices: `epoch 3, SSIM 0.812`. */
  readonly label: string;
  /** [slices, height, width], as the originals. */
  readonly images: ImageStack;
}

export interface FilmOptions {
  readonly title?: string;
  /** Milliseconds a picture; the last stays for five of them. Default 400. */
  readonly delay?: number;
  /** Pixels that the slices side by side may take; more are left out, but never the first. Default 1000. */
  readonly maxWidth?: number;
}

/** A film in two formats. */
export interface Film {
  /** Animated, lossless. */
  readonly webp: Uint8Array;
  /** Animated, 256 colours. */
  readonly gif: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const MARGIN = 16;
const GAP = 6;
const HEADER = 56;

/**
 * A film of the training: the same slices' reconstructions time after time, under their originals.
 *
 * Throws a `RangeError` for no frames, or for frames whose shape is not the originals'.
 */
export async function progressionFilm(
  originals: ImageStack,
  frames: readonly FilmFrame[],
  options: FilmOptions = {},
): Promise<Film> {
  const { title = "Training progression", delay = 400, maxWidth = 1000 } = options;
  if (frames.length === 0) throw new RangeError("a film needs one frame at least");
  for (const { images, label } of frames) {
    if (images.shape.join() !== originals.shape.join()) {
      throw new RangeError(
        `frame "${label}" [${images.shape.join(", ")}] has not the originals' shape [${originals.shape.join(", ")}]`,
      );
    }
  }
  const [count, rows, columns] = originals.shape;
  const scale = Math.max(1, Math.floor(256 / Math.max(rows, columns)));
  const [tileWidth, tileHeight] = [columns * scale, rows * scale];
  const shown = Math.max(1, Math.min(count, Math.floor((maxWidth + GAP) / (tileWidth + GAP))));
  const gutter = Math.ceil(textWidth("reconstruction", 12)) + 12;
  const texts = Math.max(textWidth(title, 16, "bold"), ...frames.map(({ label }) => textWidth(label, 13)));
  const width = Math.ceil(2 * MARGIN + Math.max(texts, gutter + shown * (tileWidth + GAP) - GAP));
  const height = 2 * MARGIN + HEADER + 2 * tileHeight + GAP;

  const pages: Uint8Array[] = [];
  for (const [index, frame] of frames.entries()) {
    const canvas = createCanvas(width, height);
    canvas.overlay.push(
      svgText(title, { x: MARGIN, y: MARGIN + 14, size: 16, weight: "bold", fill: ink.text }),
      svgText(frame.label, { x: MARGIN, y: MARGIN + 34, size: 13, fill: ink.muted }),
    );
    const done = Math.round(((width - 2 * MARGIN) * (index + 1)) / frames.length);
    fill(canvas, MARGIN, MARGIN + 42, width - 2 * MARGIN, 3, Number.parseInt(ink.grid.slice(1), 16));
    fill(canvas, MARGIN, MARGIN + 42, done, 3, Number.parseInt(okabeIto.blue.slice(1), 16));
    for (const [row, stack] of [originals, frame.images].entries()) {
      const top = MARGIN + HEADER + row * (tileHeight + GAP);
      const label = row === 0 ? "original" : "reconstruction";
      const y = top + tileHeight / 2 + 4;
      canvas.overlay.push(
        svgText(label, { x: MARGIN + gutter - 12, y, size: 12, anchor: "end", fill: ink.muted }),
      );
      for (let slice = 0; slice < shown; slice++) {
        drawTile(
          canvas,
          imageTile(stack, slice, grey),
          MARGIN + gutter + slice * (tileWidth + GAP),
          top,
          scale,
        );
      }
    }
    pages.push(await canvasPixels(canvas));
  }

  const { default: sharp } = await import("sharp");
  const strip = Buffer.concat(pages);
  const raw = { width, height: height * pages.length, channels: 3, pageHeight: height } as const;
  const delays = pages.map((_, index) => (index === pages.length - 1 ? 5 * delay : delay));
  // Lossless: blocks of the film's own must not be taken for the model's.
  const [webp, gif] = await Promise.all([
    sharp(strip, { raw }).webp({ loop: 0, delay: delays, lossless: true, effort: 1 }).toBuffer(),
    sharp(strip, { raw }).gif({ loop: 0, delay: delays, dither: 0, effort: 1 }).toBuffer(),
  ]);
  return { webp, gif, width, height };
}
