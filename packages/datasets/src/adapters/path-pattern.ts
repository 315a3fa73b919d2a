import { SPLITS, type Split } from "../types.ts";

/** The places that a pattern may have in braces. */
export const PLACES = ["split", "class", "subject", "slice", "number"] as const;

/** The names that `{split}` may have for each split. */
export type SplitNames = Readonly<Record<Split, readonly string[]>>;

/** What a path has in a pattern's places. */
export interface PathPlaces {
  readonly split?: string;
  readonly class?: string;
  readonly subject?: string;
  readonly slice?: number;
  /** What is in each `{number}`, in their order. */
  readonly numbers: readonly number[];
}

/** The places of a pattern by name, in their order. */
export function placesOf(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map(([, place = ""]) => place);
}

/**
 * Tells what is in the places of a pattern such as `{class}/{subject}_week_{number}_slice_{slice}.*`, of paths below
 * a root, with slashes, that are like it. Composed and decomposed letters (Unicode's NFC and NFD) are the same.
 */
export function pathMatcher(pattern: string, splits: SplitNames): (path: string) => PathPlaces | undefined {
  const expression = expressionOf(pattern.normalize("NFC"), splits);
  return (path) => {
    const match = path.normalize("NFC").match(expression);
    if (match === null) return undefined;
    const { split, class: label, subject, slice, ...numbers } = match.groups ?? {};
    return {
      ...(split === undefined ? {} : { split }),
      ...(label === undefined ? {} : { class: label }),
      ...(subject === undefined ? {} : { subject }),
      ...(slice === undefined ? {} : { slice: Number(slice) }),
      numbers: Object.values(numbers).map(Number),
    };
  };
}

/**
 * Finds the mask of a slice among paths below the root: the one that has the same in the places that both patterns
 * have, numbers included where both have as many.
 *
 * `find` gives every mask that fits: more than one if the patterns do not tell them apart.
 */
export function maskFinder(
  paths: readonly string[],
  {
    pattern,
    masks,
    splits,
  }: { readonly pattern: string; readonly masks: string; readonly splits: SplitNames },
): { readonly masks: ReadonlySet<string>; find(slice: PathPlaces): readonly string[] } {
  const maskPlaces = placesOf(masks);
  const count = (places: readonly string[]) => places.filter((place) => place === "number").length;
  const numbered = count(maskPlaces) === count(placesOf(pattern));
  const shared = new Set(placesOf(pattern).filter((place) => maskPlaces.includes(place)));
  const keyOf = ({ numbers, ...places }: PathPlaces) =>
    JSON.stringify([
      shared.has("split") ? places.split : "",
      shared.has("class") ? places.class : "",
      shared.has("subject") ? places.subject : "",
      shared.has("slice") ? places.slice : "",
      numbered ? numbers : "",
    ]);
  const match = pathMatcher(masks, splits);
  const masksByKey = new Map<string, string[]>();
  const all = new Set<string>();
  for (const path of paths) {
    const places = match(path);
    if (places === undefined) continue;
    all.add(path);
    const key = keyOf(places);
    const others = masksByKey.get(key);
    if (others === undefined) masksByKey.set(key, [path]);
    else others.push(path);
  }
  return { masks: all, find: (slice) => masksByKey.get(keyOf(slice)) ?? [] };
}

/** A pattern as a regular expression with a group for each place. */
function expressionOf(pattern: string, splits: SplitNames): RegExp {
  const seen = new Set<string>();
  let numbers = 0;
  const texts: Readonly<Record<string, string>> = {
    split: SPLITS.flatMap((split) => splits[split])
      .map(escaped)
      .join("|"),
    class: "[^/]+?",
    subject: "[^/]+?",
    slice: "\\d+",
  };
  const source = pattern
    .split(/(\{[^}]*\}|\*)/)
    .map((part) => {
      if (part === "*") return "[^/]*";
      const place = /^\{(.*)\}$/.exec(part)?.[1];
      if (place === undefined) return escaped(part);
      if (place === "number") return `(?<number${numbers++}>\\d+)`;
      if (seen.has(place)) return `\\k<${place}>`;
      seen.add(place);
      return `(?<${place}>${texts[place]})`;
    })
    .join("");
  return new RegExp(`^${source}$`);
}

function escaped(text: string): string {
  return text.normalize("NFC").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
