import { inferno } from "@slicebook/report/colour";
import { useEffect, useRef } from "preact/hooks";

/** How values become colours: grey from 0 to 1, the inferno map from 0 to 1, or colours that are given. */
export type Colouring = "grey" | "heat" | readonly number[];

/** A picture of values, row by row; scaled up smoothly, or as squares where its cells are things of their own. */
export function Picture({
  values,
  height,
  width,
  colouring = "grey",
  label,
  cells,
}: {
  readonly values: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
  readonly colouring?: Colouring;
  /** What it shows; empty where the text around it says so. */
  readonly label: string;
  readonly cells?: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    paint(canvas.current!, values, { height, width, colouring });
  }, [values, height, width, colouring]);
  return (
    <canvas
      ref={canvas}
      class={cells ? "picture cells" : "picture"}
      width={width}
      height={height}
      style={{ aspectRatio: `${width} / ${height}` }}
      {...(label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}

export function paint(
  canvas: HTMLCanvasElement | OffscreenCanvas,
  values: ArrayLike<number>,
  {
    height,
    width,
    colouring,
  }: { readonly height: number; readonly width: number; readonly colouring: Colouring },
): void {
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const value = values[pixel]!;
    const at = 4 * pixel;
    if (colouring === "grey") {
      image.data.fill(Math.round(255 * value), at, at + 3);
      image.data[at + 3] = 255;
      continue;
    }
    // A code that is not drawn yet leaves its place empty.
    const colour = colouring === "heat" ? inferno(value) : colouring[value];
    if (colour === undefined) continue;
    image.data[at] = colour >> 16;
    image.data[at + 1] = (colour >> 8) & 255;
    image.data[at + 2] = colour & 255;
    image.data[at + 3] = 255;
  }
  const context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D = canvas.getContext("2d")!;
  context.putImageData(image, 0, 0);
}

/** The absolute difference of two images, a full heat at `most`. */
export function errorOf(first: ArrayLike<number>, second: ArrayLike<number>, most: number): Float32Array {
  return Float32Array.from(first, (value, pixel) => Math.abs(value - second[pixel]!) / most);
}

/** What the ends of the heat map stand for. */
export function HeatScale({ from, to }: { readonly from: string; readonly to: string }) {
  return (
    <span class="heat">
      {from}
      <span class="ramp" aria-hidden="true" />
      {to}
    </span>
  );
}
