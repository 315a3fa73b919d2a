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

/**
 * Eigenvalues and eigenvectors (columns of [side, side]) of a symmetric matrix, in no order: Householder's reflections to
 * a tridiagonal matrix, then the implicit QL algorithm (`tred2` and `tql2` of EISPACK, Bowdler et al., 1968).
 */
export function eigen({ values, side }: Matrix): { eigenvalues: Float64Array; vectors: Float64Array } {
  const vectors = Float64Array.from(values);
  const diagonal = new Float64Array(side);
  const beside = new Float64Array(side);
  tridiagonalise(vectors, diagonal, beside);
  diagonalise(vectors, diagonal, beside);
  return { eigenvalues: diagonal, vectors };
}

/** Reduces `v` to a tridiagonal matrix, and leaves in it the product of the reflections. */
function tridiagonalise(v: Float64Array, diagonal: Float64Array, beside: Float64Array): void {
  const side = diagonal.length;
  for (let j = 0; j < side; j++) diagonal[j] = v[(side - 1) * side + j]!;
  for (let i = side - 1; i > 0; i--) {
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(diagonal[k]!);
    if (scale === 0) {
      beside[i] = diagonal[i - 1]!;
      for (let j = 0; j < i; j++) {
        diagonal[j] = v[(i - 1) * side + j]!;
        v[i * side + j] = 0;
        v[j * side + i] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        diagonal[k]! /= scale;
        h += diagonal[k]! * diagonal[k]!;
      }
      const f = diagonal[i - 1]!;
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      beside[i] = scale * g;
      h -= f * g;
      diagonal[i - 1] = f - g;
      beside.fill(0, 0, i);
      for (let j = 0; j < i; j++) {
        const own = diagonal[j]!;
        v[j * side + i] = own;
        let sum = beside[j]! + v[j * side + j]! * own;
        for (let k = j + 1; k < i; k++) {
          sum += v[k * side + j]! * diagonal[k]!;
          beside[k]! += v[k * side + j]! * own;
        }
        beside[j] = sum;
      }
      let dot = 0;
      for (let j = 0; j < i; j++) {
        beside[j]! /= h;
        dot += beside[j]! * diagonal[j]!;
      }
      for (let j = 0; j < i; j++) beside[j]! -= (dot / (h + h)) * diagonal[j]!;
      for (let j = 0; j < i; j++) {
        const [own, other] = [diagonal[j]!, beside[j]!];
        for (let k = j; k < i; k++) v[k * side + j]! -= own * beside[k]! + other * diagonal[k]!;
        diagonal[j] = v[(i - 1) * side + j]!;
        v[i * side + j] = 0;
      }
    }
    diagonal[i] = h;
  }
  for (let i = 0; i + 1 < side; i++) {
    v[(side - 1) * side + i] = v[i * side + i]!;
    v[i * side + i] = 1;
    const h = diagonal[i + 1]!;
    if (h !== 0) {
      for (let k = 0; k <= i; k++) diagonal[k] = v[k * side + i + 1]! / h;
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k <= i; k++) dot += v[k * side + i + 1]! * v[k * side + j]!;
        for (let k = 0; k <= i; k++) v[k * side + j]! -= dot * diagonal[k]!;
      }
    }
    for (let k = 0; k <= i; k++) v[k * side + i + 1] = 0;
  }
  for (let j = 0; j < side; j++) {
    diagonal[j] = v[(side - 1) * side + j]!;
    v[(side - 1) * side + j] = 0;
  }
  v[side * side - 1] = 1;
  beside[0] = 0;
}

/** Brings the numbers beside the diagonal to 0, one after another, and turns the columns of `v` along. */
function diagonalise(v: Float64Array, diagonal: Float64Array, beside: Float64Array): void {
  const side = diagonal.length;
  beside.copyWithin(0, 1);
  beside[side - 1] = 0;
  let shift = 0;
  let largest = 0;
  for (let l = 0; l < side; l++) {
    largest = Math.max(largest, Math.abs(diagonal[l]!) + Math.abs(beside[l]!));
    let end = l;
    while (end < side - 1 && Math.abs(beside[end]!) > Number.EPSILON * largest) end += 1;
    while (end > l && Math.abs(beside[l]!) > Number.EPSILON * largest) {
      const before = diagonal[l]!;
      let p = (diagonal[l + 1]! - before) / (2 * beside[l]!);
      const root = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1);
      diagonal[l] = beside[l]! / (p + root);
      diagonal[l + 1] = beside[l]! * (p + root);
      const second = diagonal[l + 1]!;
      const moved = before - diagonal[l]!;
      for (let i = l + 2; i < side; i++) diagonal[i]! -= moved;
      shift += moved;
      p = diagonal[end]!;
      let [cosine, cosine2, cosine3, sine, sine2] = [1, 1, 1, 0, 0];
      const first = beside[l + 1]!;
      for (let i = end - 1; i >= l; i--) {
        cosine3 = cosine2;
        cosine2 = cosine;
        sine2 = sine;
        const g = cosine * beside[i]!;
        const h = cosine * p;
        const r = Math.hypot(p, beside[i]!);
        beside[i + 1] = sine * r;
        sine = beside[i]! / r;
        cosine = p / r;
        p = cosine * diagonal[i]! - sine * g;
        diagonal[i + 1] = h + sine * (cosine * g + sine * diagonal[i]!);
        for (let k = 0, at = i; k < side; k++, at += side) {
          const [left, right] = [v[at]!, v[at + 1]!];
          v[at + 1] = sine * left + cosine * right;
          v[at] = cosine * left - sine * right;
        }
      }
      p = (-sine * sine2 * cosine3 * first * beside[l]!) / second;
      beside[l] = sine * p;
      diagonal[l] = cosine * p;
    }
    diagonal[l]! += shift;
    beside[l] = 0;
  }
}
