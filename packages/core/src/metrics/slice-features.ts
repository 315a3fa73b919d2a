import { areaMeans, reducedSize } from "./area-means.ts";
import type { ImageSize } from "./image.ts";
import { laplacianPyramid, type PyramidLevel } from "./laplacian-pyramid.ts";
import { countOf, type Points } from "./points.ts";

/** The features of images that a classifier gets, a row for each. */
export interface SliceFeatures {
  /** Means over areas: pictures whose longer side has 16 pixels. */
  readonly pictures: Points;
  /**
   * Of each level of the Laplacian pyramid: ln of the standard deviation, skewness, ln of the kurtosis, and the
   * correlation of pixels with those to their right and with those below them.
   */
  readonly statistics: Points;
}

/** The longer side of reduced pictures. */
export const REDUCED_SIDE = 16;
/** Deviations below this, of images in [0, 1], are of flat levels: no display shows them. */
const FLAT = 1e-4;

/** The features of images [n, height, width], on one scale. */
export function sliceFeatures(images: Float32Array, size: ImageSize): SliceFeatures {
  const statistics = imagesOf(images, size).flatMap((image) =>
    laplacianPyramid(image, size).flatMap(statisticsOf),
  );
  const pictures = reducedPictures(images, size);
  return {
    pictures,
    statistics: {
      data: Float64Array.from(statistics),
      width: statistics.length / Math.max(1, countOf(pictures)),
    },
  };
}

/** Images [n, height, width] by means over areas, so that the longer side has {@link REDUCED_SIDE} pixels. */
export function reducedPictures(images: Float32Array, size: ImageSize): Points {
  const reduced = reducedSize(size, REDUCED_SIDE);
  const pictures = imagesOf(images, size).flatMap((image) => [...areaMeans(image, size, reduced)]);
  return { data: Float64Array.from(pictures), width: reduced.height * reduced.width };
}

function imagesOf(images: Float32Array, { height, width }: ImageSize): Float32Array[] {
  const pixels = height * width;
  return Array.from({ length: images.length / pixels }, (_, index) =>
    images.subarray(index * pixels, (index + 1) * pixels),
  );
}

function statisticsOf({ values, size: { height, width } }: PyramidLevel): number[] {
  const count = values.length;
  let mean = 0;
  for (const value of values) mean += value / count;
  let [square, cube, fourth, across, down] = [0, 0, 0, 0, 0];
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const value = values[at]! - mean;
      const squared = value * value;
      square += squared;
      cube += squared * value;
      fourth += squared * squared;
      if (column + 1 < width) across += value * (values[at + 1]! - mean);
      if (row + 1 < height) down += value * (values[at + width]! - mean);
    }
  }
  const variance = square / count;
  const deviation = Math.sqrt(variance);
  if (deviation < FLAT) return [Math.log(FLAT), 0, 0, 0, 0];
  return [
    Math.log(deviation),
    cube / count / deviation ** 3,
    Math.log(fourth / count / variance ** 2),
    across / (height * (width - 1)) / variance,
    down / ((height - 1) * width) / variance,
  ];
}
