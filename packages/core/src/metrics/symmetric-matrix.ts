/** A square matrix, [side, side] row-major. */
export interface Matrix {
  readonly values: Float64Array;
  readonly side: number;
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const { side } = a;
  const values = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let inner = 0; inner < side; inner++) {
      const factor = a.values[row * side + inner]!;
      for (let column = 0; column < side; column++) {
        values[row * side + column]! += factor * b.values[inner * side + column]!;
      }
    }
  }
  return { values, side };
}

export function trace({ values, side }: Matrix): number {
  let sum = 0;
  for (let index = 0; index < side; index++) sum += values[index * side + index]!;
  return sum;
}

/** The symmetric square root of a symmetric matrix without negative eigenvalues; those of rounding count as 0. */
export function squareRoot(matrix: Matrix): Matrix {
  const { side } = matrix;
  const { eigenvalues, vectors } = eigen(matrix);
  const values = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let sum = 0;
      for (let index = 0; index < side; index++) {
        const root = Math.sqrt(Math.max(0, eigenvalues[index]!));
        sum += vectors[row * side + index]! * root * vectors[column * side + index]!;
      }
      values[row * side + column] = sum;
    }
  }
  return { values, side };
}

/** Eigenvalues and eigenvectors (columns of [side, side]) of a symmetric matrix, by Jacobi's rotations. */
function eigen({ values, side }: Matrix): { eigenvalues: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(values);
  const vectors = new Float64Array(side * side);
  for (let index = 0; index < side; index++) vectors[index * side + index] = 1;
  const scale = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0;
    for (let p = 0; p < side; p++) {
      for (let q = p + 1; q < side; q++) {
        off += a[p * side + q]! ** 2;
        rotate(a, vectors, side, p, q);
      }
    }
    if (off <= 1e-30 * scale) break;
  }
  return {
    eigenvalues: Float64Array.from({ length: side }, (_, index) => a[index * side + index]!),
    vectors,
  };
}

/** One rotation, which makes a[p][q] and a[q][p] zero. */
function rotate(a: Float64Array, vectors: Float64Array, side: number, p: number, q: number): void {
  const apart = a[p * side + q]!;
  if (apart === 0) return;
  const theta = (a[q * side + q]! - a[p * side + p]!) / (2 * apart);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (values: Float64Array, first: number, second: number) => {
    const [x, y] = [values[first]!, values[second]!];
    values[first] = cosine * x - sine * y;
    values[second] = sine * x + cosine * y;
  };
  for (let index = 0; index < side; index++) turn(a, index * side + p, index * side + q);
  for (let index = 0; index < side; index++) turn(a, p * side + index, q * side + index);
  for (let index = 0; index < side; index++) turn(vectors, index * side + p, index * side + q);
}
