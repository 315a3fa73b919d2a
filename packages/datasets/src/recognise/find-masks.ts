import { maskFinder, pathMatcher, type SplitNames } from "../adapters/path-pattern.ts";
import { withoutEnding } from "../formats/registry.ts";
import { commonEnding } from "./infer-pattern.ts";
import { mostCommon } from "./name-parts.ts";

/** Words in names of files and folders that hold masks rather than slices. */
const maskWord =
  /^(?:masks?|labels?|lbl|labelmaps?|seg|segs|dseg|segmentations?|gt|gts|groundtruths?|annotations?|roi|rois|contours?|manualseg)\d*$/i;

/** Some image files, parted by what their names say. */
export interface PartedImages {
  readonly slices: readonly string[];
  readonly masks: readonly string[];
}

/** Parts masks from slices; if all would be masks, none is. */
export function partMasks(images: readonly string[]): PartedImages {
  const masks = images.filter(isMask);
  if (masks.length === images.length) return { slices: images, masks: [] };
  const named = new Set(masks);
  return { slices: images.filter((path) => !named.has(path)), masks };
}

function isMask(path: string): boolean {
  const names = path.split("/");
  return [...names.slice(0, -1), withoutEnding(names.at(-1)!)].some((name) => maskAt(name) !== undefined);
}

/** The word for masks in a name, as it stands there; undefined if there is none. */
function maskAt(name: string): string | undefined {
  const words = name.match(/[A-Z]?[a-z]+\d*|[A-Z]+(?![a-z])\d*|\d+/g) ?? [];
  const joined = name.split(/[-_. ]+/).find((word) => maskWord.test(word));
  return joined ?? words.find((word) => maskWord.test(word));
}

/** What pairs masks with slices. */
interface MaskContext {
  readonly pattern: string;
  readonly splits: SplitNames;
  readonly slices: readonly string[];
}

/** The share of the slices, of one split at least, that must have a mask before masks are offered. */
const LEAST_PAIRED = 0.5;

/**
 * Finds a pattern by which each mask is paired with its slice: the slices' own, with a word for masks in a folder's
 * name or in the file's; undefined if none pairs them, or not one to one.
 */
export function maskPattern(masks: readonly string[], context: MaskContext): string | undefined {
  const { pattern, splits, slices } = context;
  const match = pathMatcher(pattern, splits);
  const places = slices.flatMap((path) => match(path) ?? []);
  for (const candidate of candidates(masks, pattern)) {
    const finder = maskFinder(masks, { pattern, masks: candidate, splits });
    if (finder.masks.size === 0) continue;
    const masksOfEach = places.map((slice) => finder.find(slice));
    if (masksOfEach.some(({ length }) => length > 1)) continue;
    const paired = places.filter((_, index) => masksOfEach[index]!.length === 1);
    const trained = (slice: (typeof places)[number]) =>
      slice.split === undefined || splits.train.includes(slice.split);
    if (paired.filter(trained).length >= LEAST_PAIRED * places.filter(trained).length) return candidate;
  }
  return undefined;
}

/** Patterns of files that fit the slices' pattern, or ones that are left out by their word for masks. */
export function ignorePatterns(masks: readonly string[], { pattern, splits, slices }: MaskContext): string[] {
  const match = pathMatcher(pattern, splits);
  const patterns = new Set<string>();
  for (const path of masks) {
    if (match(path) === undefined) continue;
    const names = path.split("/");
    const level = names.findIndex((name, index) =>
      maskAt(index === names.length - 1 ? withoutEnding(name) : name),
    );
    const file = level === names.length - 1;
    const word = maskAt(file ? withoutEnding(names[level]!) : names[level]!)!;
    patterns.add(names.map((_, index) => (index === level ? `*${word}*` : "*")).join("/"));
  }
  return [...patterns].filter((one) => {
    const fits = pathMatcher(one, splits);
    return !slices.some((path) => fits(path) !== undefined);
  });
}

function candidates(masks: readonly string[], pattern: string): string[] {
  const rows = masks.map((path) => path.split("/"));
  const depth = Number(mostCommon(rows.map(({ length }) => String(length))));
  const alike = rows.filter(({ length }) => length === depth);
  const ending = commonEnding(alike.map((row) => row.at(-1)!));
  const levels = pattern.split("/");
  const sliceFile = levels.at(-1)!;
  const stem = sliceFile.endsWith(".*") ? sliceFile.slice(0, -2) : withoutEnding(sliceFile);
  const stems = alike.map((row) => withoutEnding(row.at(-1)!));
  const files = fileCandidates(stems, stem).map((text) => `${text}${ending}`);
  const folders = folderCandidates(
    alike.map((row) => row.slice(0, -1)),
    levels.slice(0, -1),
  );
  return folders.flatMap((above) => files.map((file) => [...above, file].join("/")));
}

/** Names of masks: the slices', with a word before, after or in place of one; without a channel or contrast. */
function fileCandidates(stems: readonly string[], stem: string): string[] {
  const bare = [stem, stem.replace(/[-_. ][^-_. {}*]+$/, ""), stem.replace(/^[^-_. {}*]+[-_. ]/, "")];
  const word = mostCommon(stems.flatMap((name) => maskAt(name) ?? []));
  if (word === "") return [...new Set(bare)];
  const around = stems.flatMap((name) => {
    const [before = "", after = ""] = name.split(word, 2);
    const separator = /[-_. ]+$/.exec(before)?.[0] ?? "";
    const following = /^[-_. ]+/.exec(after)?.[0] ?? "";
    return [{ suffix: `${separator}${word}`, prefix: `${word}${following}` }];
  });
  const suffix = mostCommon(around.map((one) => one.suffix));
  const prefix = mostCommon(around.map((one) => one.prefix));
  const longest = mostCommon(
    stems.map((name) => name.slice(name.indexOf(word) - suffix.length + word.length)),
  );
  const within = stem.replace(/([-_. ]+)(\{slice\})/, `${suffix}$1$2`);
  return [
    ...new Set([
      ...bare.flatMap((text) => [`${text}${longest}`, `${text}${suffix}`, `${prefix}${text}`]),
      within,
      ...bare,
    ]),
  ];
}

/** Folders of masks: the slices' own, or with those that are named for masks in their place or between. */
function folderCandidates(rows: readonly (readonly string[])[], levels: readonly string[]): string[][] {
  const depth = rows[0]!.length;
  const namesAt = (level: number) => [...new Set(rows.map((row) => row[level]!))];
  const marked = Array.from({ length: depth }, (_, level) => {
    const names = namesAt(level);
    if (!names.some((name) => maskAt(name) !== undefined)) return undefined;
    return names.length === 1 ? names[0]! : `${commonStart(names)}*${commonEnd(names)}`;
  });
  if (marked.every((name) => name === undefined)) return depth === levels.length ? [[...levels]] : [];
  const same = levels.map((text, level) => marked[level] ?? text);
  const inserted = [...levels];
  for (const [level, name] of marked.entries()) if (name !== undefined) inserted.splice(level, 0, name);
  return [same, inserted].filter(({ length }) => length === depth);
}

function commonStart(names: readonly string[]): string {
  let start = names[0]!;
  for (const name of names) while (!name.startsWith(start)) start = start.slice(0, -1);
  return start;
}

/** What all names end in, after what they start with. */
function commonEnd(names: readonly string[]): string {
  const start = commonStart(names).length;
  let end = names[0]!.slice(start);
  for (const name of names) while (!name.slice(start).endsWith(end)) end = end.slice(1);
  return end;
}
