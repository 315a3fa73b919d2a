import type { Random } from "@slicebook/base";

/**
 * A picture in the making: tissue brightness (0 air to about 1) and labels, over a frame in millimetres.
 *
 * x grows to the right and y upwards from the middle of the picture.
 */
export interface Canvas {
  readonly height: number;
  readonly width: number;
  /** The side of a pixel in millimetres. */
  readonly pixel: number;
  readonly brightness: Float32Array;
  readonly labels: Uint8Array;
}

/** Makes an empty canvas in which a field of view of `fieldWidth` × `fieldHeight` millimetres fits. */
export function canvas(height: number, width: number, fieldHeight: number, fieldWidth: number): Canvas {
  return {
    height,
    width,
    pixel: Math.max(fieldHeight / height, fieldWidth / width),
    brightness: new Float32Array(height * width),
    labels: new Uint8Array(height * width),
  };
}

/** The x of each column. */
export function columnPlaces({ width, pixel }: Canvas): Float64Array {
  return Float64Array.from({ length: width }, (_, column) => (column - (width - 1) / 2) * pixel);
}

/** The y of each row. */
export function rowPlaces({ height, pixel }: Canvas): Float64Array {
  return Float64Array.from({ length: height }, (_, row) => ((height - 1) / 2 - row) * pixel);
}

/**
 * How much of a pixel a shape covers whose edge is `distance` away (negative inside): 0 to 1 over one pixel.
 */
export function coverage(distance: number, pixel: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance / pixel));
}

/** A region around (x, y) that a shape does not leave, as half-sides in millimetres. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

/**
 * Paints a shape, given by its signed distance, over what is there; the label is set where most of a pixel is
 * covered.
 */
function paint(
  target: Canvas,
  bounds: Bounds,
  distance: (x: number, y: number) => number,
  brightness: number,
  label: number,
): void {
  const { height, width, pixel } = target;
  const { left, right, top, bottom } = pixelsWithin(target, bounds);
  for (let row = top; row <= bottom; row++) {
    const py = ((height - 1) / 2 - row) * pixel;
    for (let column = left; column <= right; column++) {
      const share = coverage(distance((column - (width - 1) / 2) * pixel, py), pixel);
      if (share === 0) continue;
      const index = row * width + column;
      target.brightness[index]! += (brightness - target.brightness[index]!) * share;
      if (share >= 0.5) target.labels[index] = label;
    }
  }
}

/** An ellipse, turned by `angle` (radians, counter-clockwise). */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly angle?: number;
}

/** The signed distance from an ellipse, exact on its edge and near enough around it. */
export function ellipseDistance({ x, y, rx, ry, angle = 0 }: Ellipse): (px: number, py: number) => number {
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  return (px, py) => {
    const dx = px - x;
    const dy = py - y;
    const u = (dx * cosine + dy * sine) / rx;
    const v = (dy * cosine - dx * sine) / ry;
    const radius = Math.sqrt(u * u + v * v);
    const slope = Math.sqrt((u / rx) ** 2 + (v / ry) ** 2);
    return slope < 1e-6 ? -Math.min(rx, ry) : ((radius - 1) * radius) / slope;
  };
}

/** Paints an ellipse; a `margin` makes it larger (or smaller) all around. */
export function paintEllipse(
  target: Canvas,
  ellipse: Ellipse,
  brightness: number,
  label: number,
  margin = 0,
): void {
  const grown = { ...ellipse, rx: ellipse.rx + margin, ry: ellipse.ry + margin };
  if (grown.rx <= 0 || grown.ry <= 0) return;
  const reach = Math.max(grown.rx, grown.ry);
  const bounds = { x: ellipse.x, y: ellipse.y, halfWidth: reach, halfHeight: reach };
  paint(target, bounds, ellipseDistance(grown), brightness, label);
}

/** A bar with round ends whose half-width goes from `r0` to `r1`. */
export interface Bar {
  readonly x0: number;
  readonly y0: number;
  readonly r0: number;
  readonly x1: number;
  readonly y1: number;
  readonly r1: number;
}

/** The signed distance from a bar. */
export function barDistance({ x0, y0, r0, x1, y1, r1 }: Bar): (px: number, py: number) => number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const square = Math.max(dx * dx + dy * dy, 1e-9);
  return (px, py) => {
    const along = Math.min(1, Math.max(0, ((px - x0) * dx + (py - y0) * dy) / square));
    const across = px - x0 - along * dx;
    const off = py - y0 - along * dy;
    // Math.hypot takes ten times as long, and nothing here is near overflow.
    return Math.sqrt(across * across + off * off) - (r0 + along * (r1 - r0));
  };
}

/** Paints a bar; a `margin` makes it wider (or narrower) all around. */
export function paintBar(target: Canvas, bar: Bar, brightness: number, label: number, margin = 0): void {
  const grown = { ...bar, r0: bar.r0 + margin, r1: bar.r1 + margin };
  const widest = Math.max(grown.r0, grown.r1);
  if (widest <= 0) return;
  const bounds = {
    x: (bar.x0 + bar.x1) / 2,
    y: (bar.y0 + bar.y1) / 2,
    halfWidth: Math.abs(bar.x1 - bar.x0) / 2 + widest,
    halfHeight: Math.abs(bar.y1 - bar.y0) / 2 + widest,
  };
  paint(target, bounds, barDistance(grown), brightness, label);
}

/** A smooth random field in three dimensions: a sum of plane waves of random directions. */
export interface Waves {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly phase: Float64Array;
}

/** Draws `count` waves with lengths in [`shortest`, `longest`] millimetres. */
export function drawWaves(source: Random, count: number, shortest: number, longest: number): Waves {
  const waves: Waves = {
    x: new Float64Array(count),
    y: new Float64Array(count),
    z: new Float64Array(count),
    phase: new Float64Array(count),
  };
  for (let wave = 0; wave < count; wave++) {
    const number = (2 * Math.PI) / (shortest + (longest - shortest) * source.uniform());
    const angle = 2 * Math.PI * source.uniform();
    const height = 0.7 * (2 * source.uniform() - 1);
    const flat = Math.sqrt(1 - height * height);
    waves.x[wave] = number * flat * Math.cos(angle);
    waves.y[wave] = number * flat * Math.sin(angle);
    waves.z[wave] = number * height;
    waves.phase[wave] = 2 * Math.PI * source.uniform();
  }
  return waves;
}

/**
 * The waves' field at height `z`, with a variance of 1, over the part of a canvas within `bounds`; 0
 * elsewhere.
 */
export function waveField(target: Canvas, waves: Waves, z: number, bounds: Bounds): Float32Array {
  const { height, width } = target;
  const { left, right, top, bottom } = pixelsWithin(target, bounds);
  const count = waves.x.length;
  const xs = columnPlaces(target);
  const ys = rowPlaces(target);
  const norm = Math.sqrt(2 / count);
  const field = new Float32Array(height * width);
  const cosines = new Float64Array(width);
  const sines = new Float64Array(width);
  // cos(a + b) = cos a cos b - sin a sin b: a cosine for each column and row instead of one for each pixel.
  for (let wave = 0; wave < count; wave++) {
    for (let column = left; column <= right; column++) {
      const angle = waves.x[wave]! * xs[column]!;
      cosines[column] = Math.cos(angle);
      sines[column] = Math.sin(angle);
    }
    for (let row = top; row <= bottom; row++) {
      const angle = waves.y[wave]! * ys[row]! + waves.z[wave]! * z + waves.phase[wave]!;
      const cosine = norm * Math.cos(angle);
      const sine = norm * Math.sin(angle);
      const start = row * width;
      for (let column = left; column <= right; column++) {
        field[start + column]! += cosine * cosines[column]! - sine * sines[column]!;
      }
    }
  }
  return field;
}

/** The first and last column and row that bounds touch, and a pixel more. */
function pixelsWithin({ height, width, pixel }: Canvas, { x, y, halfWidth, halfHeight }: Bounds) {
  return {
    left: Math.max(0, Math.floor((x - halfWidth) / pixel + (width - 1) / 2) - 1),
    right: Math.min(width - 1, Math.ceil((x + halfWidth) / pixel + (width - 1) / 2) + 1),
    top: Math.max(0, Math.floor((height - 1) / 2 - (y + halfHeight) / pixel) - 1),
    bottom: Math.min(height - 1, Math.ceil((height - 1) / 2 - (y - halfHeight) / pixel) + 1),
  };
}
