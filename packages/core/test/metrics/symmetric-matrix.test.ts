import { random } from "@slicebook/base";
import { expect, it } from "vitest";
import { eigen } from "../../src/metrics/symmetric-matrix.ts";

/** The products of `side` random points with one another: singular where `width` is less. */
function products(side: number, width: number): Float64Array {
  const points = random(side, "points").normals(side * width);
  return Float64Array.from({ length: side * side }, (_, at) => {
    const [row, column] = [Math.floor(at / side), at % side];
    let sum = 0;
    for (let index = 0; index < width; index++) {
      sum += points[row * width + index]! * points[column * width + index]!;
    }
    return sum;
  });
}

it.each([
  ["of one number", 1, products(1, 3)],
  ["regular", 60, products(60, 80)],
  ["singular", 40, products(40, 5)],
  ["diagonal", 12, products(12, 12).map((_, at) => (at % 13 === 0 ? at % 3 : 0))],
  ["of zeros", 5, new Float64Array(25)],
] as const)(
  "a matrix is put together again from its eigenvalues and orthogonal vectors: %s",
  (_, side, values) => {
    const { eigenvalues, vectors } = eigen({ values, side });
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        let [value, product] = [0, 0];
        for (let at = 0; at < side; at++) {
          value += vectors[row * side + at]! * eigenvalues[at]! * vectors[column * side + at]!;
          product += vectors[at * side + row]! * vectors[at * side + column]!;
        }
        expect(value).toBeCloseTo(values[row * side + column]!, 10);
        expect(product).toBeCloseTo(row === column ? 1 : 0, 12);
      }
    }
  },
);
