/** The ways in which the golden numbers' reconstructions differ from their originals. */
export type Distortion = "shifted" | "flattened" | "inverted" | "quantised";

/** A bright ellipse on two ramps with a texture and noise, in [0, 1]: `draw` of ../golden/make_metrics.py. */
export function draw(height: number, width: number, seed: number): Float64Array {
  const image = new Float64Array(height * width);
  let state = seed;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const down = (4 * row - 2 * height) ** 2 / height ** 2;
      const across = (4 * column - 2 * width) ** 2 / width ** 2;
      const inside = down + across < 2 ? 1 : 0;
      const texture = ((row * 7 + column * 13) % 32) / 256;
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      image[row * width + column] =
        row / height / 4 + column / width / 4 + inside / 4 + texture + state / 2 ** 32 / 8;
    }
  }
  return image;
}

/** `distort` of ../golden/make_metrics.py. */
export function distort(image: Float64Array, width: number, kind: Distortion): Float64Array {
  switch (kind) {
    case "shifted":
      return image.map((_, index) => image[index % width === 0 ? index + width - 1 : index - 1]!);
    case "flattened":
      return image.map((value) => 0.5 + (value - 0.5) / 2);
    case "inverted":
      return image.map((value) => 1 - value);
    case "quantised":
      return image.map((value) => Math.floor(value * 8) / 8);
  }
}
