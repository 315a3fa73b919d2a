import { Matrix } from "ml-matrix";

/** Points of one space, such as features of images: [count, width] row-major. */
export interface Points {
  readonly data: ArrayLike<number>;
  readonly width: number;
}

/** How many points there are. */
export function countOf({ data, width }: Points): number {
  return data.length / width;
}

/** A matrix with a row for each point. */
export function matrixOf(points: Points): Matrix {
  return Matrix.from1DArray(countOf(points), points.width, points.data);
}

/** The squared Euclidean distance of point `i` of `a` and point `j` of `b`. */
export function squaredDistance(a: Points, i: number, b: Points, j: number): number {
  let sum = 0;
  for (let index = 0; index < a.width; index++) {
    sum += (a.data[i * a.width + index]! - b.data[j * b.width + index]!) ** 2;
  }
  return sum;
}
