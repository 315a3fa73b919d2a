const PARTS = /\d+|\D+/g;

/** Compares by number where there are digits, so that `slice_10` comes after `slice_9`; for `Array.sort`. */
export function naturalOrder(left: string, right: string): number {
  const leftParts = left.match(PARTS) ?? [];
  const rightParts = right.match(PARTS) ?? [];
  for (let index = 0; index < Math.min(leftParts.length, rightParts.length); index++) {
    const a = leftParts[index]!;
    const b = rightParts[index]!;
    const difference = Number(a) - Number(b);
    if (Number.isNaN(difference)) {
      if (a !== b) return a < b ? -1 : 1;
    } else if (difference !== 0) {
      return difference;
    }
  }
  if (leftParts.length !== rightParts.length) return leftParts.length - rightParts.length;
  return left < right ? -1 : Number(left > right);
}
