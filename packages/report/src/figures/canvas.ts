/** A picture being put together: pixels (RGB, row by row) and, over them, SVG elements. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly overlay: string[];
}

/** A colour as 0xRRGGBB. */
export type Colour = number;

/** A white canvas. */
export function createCanvas(width: number, height: number): Canvas {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return { width: w, height: h, pixels: new Uint8Array(3 * w * h).fill(255), overlay: [] };
}

/** Values in raster order, drawn with each as a square of `scale` pixels. */
export interface Tile {
  readonly values: Float32Array | Int32Array;
  readonly rows: number;
  readonly columns: number;
  readonly colour: (value: number) => Colour;
}

export function drawTile(canvas: Canvas, tile: Tile, left: number, top: number, scale: number): void {
  const { values, rows, columns, colour } = tile;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      fill(
        canvas,
        left + column * scale,
        top + row * scale,
        scale,
        scale,
        colour(values[row * columns + column]!),
      );
    }
  }
}

/** Fills a rectangle of whole pixels. */
export function fill(
  canvas: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  const { pixels } = canvas;
  const [red, green, blue] = [colour >> 16, (colour >> 8) & 255, colour & 255];
  for (let y = top; y < top + height; y++) {
    const end = 3 * (y * canvas.width + left + width);
    for (let at = end - 3 * width; at < end; at += 3) {
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
  }
}

/** The canvas with its overlay drawn, as RGB pixels. */
export async function canvasPixels(canvas: Canvas): Promise<Uint8Array> {
  return (await flatten(canvas)).raw().toBuffer();
}

export async function canvasPng(canvas: Canvas): Promise<Uint8Array> {
  return (await flatten(canvas)).png({ compressionLevel: 9 }).toBuffer();
}

async function flatten({ width, height, pixels, overlay }: Canvas) {
  const { default: sharp } = await import("sharp");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${overlay.join("")}</svg>`;
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(svg) }])
    .removeAlpha();
}
