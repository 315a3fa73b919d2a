import type { Colour } from "./canvas.ts";

/** The grey of a brightness from 0 to 1; what lies outside is clipped. */
export function grey(value: number): Colour {
  const level = Math.round(255 * clip(value));
  return (level << 16) | (level << 8) | level;
}

const infernoStops: readonly Colour[] = [
  0x000004, 0x160b39, 0x420a68, 0x6a176e, 0x932667, 0xbc3754, 0xdd513a, 0xf37819, 0xfca50a, 0xf6d746,
  0xfcffa4,
];

/** The "inferno" colour map from 0 to 1: even in lightness, and told apart with any colour vision (Smith, 2015). */
export function inferno(value: number): Colour {
  const position = clip(value) * (infernoStops.length - 1);
  const index = Math.min(Math.floor(position), infernoStops.length - 2);
  return mix(infernoStops[index]!, infernoStops[index + 1]!, position - index);
}

/**
 * A colour for each code of a codebook: codes that mean alike look alike.
 *
 * The vectors' first principal component, as a rank, is the lightness, and the next two are the hue and its strength
 * (OKLab; Ottosson, 2020). A codebook of fewer dimensions leaves the missing ones neutral.
 *
 * @param vectors [codes, dimensions], row by row
 */
export function codebookColours(vectors: Float32Array, codes: number): readonly Colour[] {
  const dimensions = codes === 0 ? 0 : vectors.length / codes;
  const ranks = principalComponents(vectors, codes, Math.min(3, dimensions)).map(rankOf);
  const component = (index: number, code: number) => ranks[index]?.[code] ?? 0.5;
  return Array.from({ length: codes }, (_, code) =>
    oklab(
      0.35 + 0.5 * component(0, code),
      0.2 * (component(1, code) - 0.5),
      0.2 * (component(2, code) - 0.5),
    ),
  );
}

/** Colours for codes of which nothing is known but their number: hues a golden angle apart. */
export function distinctColours(codes: number): readonly Colour[] {
  return Array.from({ length: codes }, (_, code) => {
    const angle = code * Math.PI * (3 - Math.sqrt(5));
    const lightness = 0.45 + 0.4 * ((code * 0.7548776662466927) % 1);
    return oklab(lightness, 0.13 * Math.cos(angle), 0.13 * Math.sin(angle));
  });
}

/**
 * Each vector's coordinate along the leading eigenvectors of the covariance, by power iteration with deflation: ml-matrix's
 * eigenvectors would add 14 kB, compressed, to the page.
 */
function principalComponents(vectors: Float32Array, count: number, components: number): Float64Array[] {
  const dimensions = count === 0 ? 0 : vectors.length / count;
  const centred = Float64Array.from(vectors);
  for (let dimension = 0; dimension < dimensions; dimension++) {
    let mean = 0;
    for (let row = 0; row < count; row++) mean += vectors[row * dimensions + dimension]! / count;
    for (let row = 0; row < count; row++) centred[row * dimensions + dimension]! -= mean;
  }
  return Array.from({ length: components }, (_, component) => {
    let direction = Float64Array.from(
      { length: dimensions },
      (_, index) => 1 + ((index * 7 + component) % 5),
    );
    let scores = new Float64Array(count);
    for (let iteration = 0; iteration < 50; iteration++) {
      scores = project(direction);
      const next = new Float64Array(dimensions);
      for (let row = 0; row < count; row++) {
        for (let index = 0; index < dimensions; index++) {
          next[index]! += scores[row]! * centred[row * dimensions + index]!;
        }
      }
      const norm = Math.hypot(...next);
      if (norm === 0) break;
      direction = next.map((value) => value / norm);
    }
    scores = project(direction);
    for (let row = 0; row < count; row++) {
      for (let index = 0; index < dimensions; index++) {
        centred[row * dimensions + index]! -= scores[row]! * direction[index]!;
      }
    }
    return scores;
  });

  function project(direction: Float64Array): Float64Array<ArrayBuffer> {
    const scores = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      for (let index = 0; index < dimensions; index++) {
        scores[row]! += centred[row * dimensions + index]! * direction[index]!;
      }
    }
    return scores;
  }
}

/** Where each value stands among all, from 0 to 1. */
function rankOf(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  order.forEach((index, rank) => {
    ranks[index] = values.length === 1 ? 0.5 : rank / (values.length - 1);
  });
  return ranks;
}

function oklab(lightness: number, a: number, b: number): Colour {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.reduce((colour, value) => (colour << 8) | Math.round(255 * gamma(clip(value))), 0);
}

function gamma(value: number): number {
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

function mix(from: Colour, to: Colour, share: number): Colour {
  return [16, 8, 0].reduce((colour, shift) => {
    const [a, b] = [(from >> shift) & 255, (to >> shift) & 255];
    return colour | (Math.round(a + (b - a) * share) << shift);
  }, 0);
}

function clip(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}
