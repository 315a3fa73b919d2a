/** What a folder's paths say of its slices: the options of the adapter `folder`. */
export interface InferredPattern {
  readonly pattern: string;
  /** The folders' names for each split, where there are such folders with unusual names. */
  readonly splits?: Readonly<Record<"train" | "validate" | "test", readonly string[]>>;
  /** What a person should check. */
  readonly notes: readonly string[];
}

/** Names of folders that say which split their slices belong to. */
const splitWords = {
  train: /^(?:train|training|tr)$/i,
  validate: /^(?:val|valid|validate|validation|dev)$/i,
  test: /^(?:test|testing|ts)$/i,
} as const;
type SplitName = keyof typeof splitWords;
const splitNames = ["train", "validate", "test"] as const;

/** Classes are few, and their names are words; folders of subjects are many, or have numbers. */
const MOST_CLASSES = 12;
/** The share of the files' names that must be alike for a form to be seen in them. */
const MOST_OF = 0.95;

/**
 * Guesses from paths (below the root, with slashes, of one depth) where split, class, subject and slice are written.
 *
 * Slices of one subject must not be parted: where the names do not say whose a slice is, each file counts as a subject
 * of its own, and a note says so.
 */
export function inferPattern(paths: readonly string[]): InferredPattern {
  const rows = paths.map((path) => path.split("/"));
  const depth = rows[0]!.length - 1;
  const notes: string[] = [];
  const ending = commonEnding(rows.map((row) => row[depth]!));
  const stems = rows.map((row) => withoutEnding(row[depth]!));
  const parts: string[] = [];
  const open: number[] = [];
  let splits: InferredPattern["splits"];
  for (let level = 0; level < depth; level++) {
    const names = new Set(rows.map((row) => row[level]!));
    const found = splits === undefined ? splitsOf(names) : undefined;
    if (found !== undefined) {
      splits = found;
      parts.push("{split}");
    } else if (names.size === 1) {
      parts.push([...names][0]!);
    } else {
      open.push(level);
      parts.push("*");
    }
  }
  const namesAt = (level: number) => rows.map((row) => row[level]!);
  const classLevel = open.find((level) => isClass(new Set(namesAt(level))));
  if (classLevel !== undefined) parts[classLevel] = "{class}";
  const folders = open.filter((level) => level !== classLevel);
  const form = nameForm(stems, classLevel === undefined ? undefined : namesAt(classLevel));

  let file: string;
  const [subjectLevel] = folders;
  if (subjectLevel !== undefined) {
    // The outermost folder that differs: a subject may have several scans within.
    parts[subjectLevel] = "{subject}";
    file = sliceInName(stems) ? `${sharedStart(stems)}{slice}` : "*";
    if (file === "*") notes.push("the files' names end in no number, so slices have none");
  } else if (form !== undefined) {
    file = `{subject}${form.between}{slice}`;
  } else {
    file = "{subject}";
    notes.push(
      "the names do not say whose slice a file is, so each file counts as a subject: if several are of one person, " +
        "that person's slices may be in training and in testing, which flatters every figure",
    );
  }
  return {
    pattern: [...parts, `${file}${ending}`].join("/"),
    ...(splits === undefined || usual(splits) ? {} : { splits }),
    notes,
  };
}

/** `.nii.png`, `.jpg`; `.*` where there are several. */
function commonEnding(names: readonly string[]): string {
  const endings = new Set(names.map((name) => name.slice(withoutEnding(name).length)));
  return endings.size === 1 ? [...endings][0]! : ".*";
}

function withoutEnding(name: string): string {
  return name.replace(/(?:\.nii)?\.[a-z]+(?:\.gz)?$/i, "").replace(/\.nii$/i, "");
}

function splitsOf(names: ReadonlySet<string>): InferredPattern["splits"] | undefined {
  const found: Record<SplitName, string[]> = { train: [], validate: [], test: [] };
  for (const name of names) {
    const split = splitNames.find((one) => splitWords[one].test(name));
    if (split === undefined) return undefined;
    found[split].push(name);
  }
  return found.train.length > 0 && found.test.length > 0 ? found : undefined;
}

/** Whether the adapter knows these names without being told. */
function usual(splits: NonNullable<InferredPattern["splits"]>): boolean {
  const known = {
    train: ["train", "training"],
    validate: ["validate", "validation", "valid", "val"],
    test: ["test", "testing"],
  };
  return splitNames.every((split) => splits[split].every((name) => known[split].includes(name)));
}

function isClass(names: ReadonlySet<string>): boolean {
  return names.size <= MOST_CLASSES && [...names].every((name) => /^\D+$/.test(name));
}

/** How names hold a subject and a slice's number: `case_001_slice_0`, `218391_78`; undefined if they do not. */
function nameForm(
  stems: readonly string[],
  classes: readonly string[] | undefined,
): { readonly between: string } | undefined {
  for (const form of [
    /^(.+?)([-_. ]*(?:slice|slc|sl|image|img|frame|z)[-_. ]*)(\d+)$/i,
    /^(.+)([-_ ])(\d+)$/,
  ]) {
    const matches = stems.map((stem) => form.exec(stem));
    const between = mostCommon(matches.flatMap((match) => match?.[2] ?? []));
    const alike = matches.filter((match) => match?.[2] === between);
    if (between === undefined || alike.length < MOST_OF * stems.length) continue;
    const subjects = new Map<string, Set<string>>();
    matches.forEach((match, index) => {
      if (match === null) return;
      const of = subjects.get(match[1]!) ?? new Set();
      subjects.set(match[1]!, of.add(classes?.[index] ?? ""));
    });
    // `img_1`, `img_2`: one word before all numbers is no subject, nor is one that says the class only.
    const words = new Set(classes);
    if (subjects.size < 3 || (words.size > 0 && subjects.size <= words.size)) continue;
    if (subjects.size > 0.75 * alike.length) continue; // a number of its own for each file
    return { between };
  }
  return undefined;
}

function sliceInName(stems: readonly string[]): boolean {
  return stems.filter((stem) => /\d$/.test(stem)).length >= MOST_OF * stems.length;
}

/** What stands before the number at the end in all names, or anything. */
function sharedStart(stems: readonly string[]): string {
  const starts = new Set(stems.map((stem) => stem.replace(/\d+$/, "")));
  if (starts.size === 1) return [...starts][0]!;
  // A number is told from what stands before it by what separates them.
  const separators = new Set([...starts].map((start) => start.slice(-1)));
  const [separator = ""] = separators;
  return separators.size === 1 && /\D/.test(separator) ? `*${separator}` : "*";
}

function mostCommon(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
