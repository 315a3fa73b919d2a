const PARTS = /\d+|\D+/g;

/** A text, its digits and what is between them, and the digits' numbers (NaN for what is between). */
interface Parted {
  readonly text: string;
  readonly parts: readonly string[];
  readonly numbers: readonly number[];
}

/** Compares by number where there are digits, so that `slice_10` comes after `slice_9`; for `Array.sort`. */
export function naturalOrder(left: string, right: string): number {
  return compare(parted(left), parted(right));
}

/** Sorts in {@link naturalOrder}; of many texts much sooner, since each is taken apart once. */
export function sortNaturally<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: parted(textOf(item)) }))
    .sort((left, right) => compare(left.key, right.key))
    .map(({ item }) => item);
}

function parted(text: string): Parted {
  const parts = text.match(PARTS) ?? [];
  return { text, parts, numbers: parts.map(Number) };
}

function compare(left: Parted, right: Parted): number {
  const shared = Math.min(left.parts.length, right.parts.length);
  for (let index = 0; index < shared; index++) {
    const difference = left.numbers[index]! - right.numbers[index]!;
    if (Number.isNaN(difference)) {
      const [a, b] = [left.parts[index]!, right.parts[index]!];
      if (a !== b) return a < b ? -1 : 1;
    } else if (difference !== 0) {
      return difference;
    }
  }
  if (left.parts.length !== right.parts.length) return left.parts.length - right.parts.length;
  return left.text < right.text ? -1 : Number(left.text > right.text);
}
