import { withoutEnding } from "../formats/registry.ts";
import {
  assignRoles,
  type Column,
  columnsOf,
  constant,
  isContrast,
  isSubjectWord,
  mostCommon,
  numeric,
} from "./name-parts.ts";

/** What a folder's paths say of its slices: the options of the adapter `folder`. */
export interface InferredPattern {
  readonly pattern: string;
  /** The folders' names for each split, where there are such folders with unusual names. */
  readonly splits?: Readonly<Partial<Record<SplitName, readonly string[]>>>;
  /** Whether no name says whose a file is, so that each counts as a subject. */
  readonly unsure: boolean;
  /** What a person should check. */
  readonly notes: readonly string[];
}

type SplitName = "train" | "validate" | "test";
const splitNames = ["train", "validate", "test"] as const;

/** Words that say which split slices belong to. */
const splitWords: Readonly<Record<SplitName, RegExp>> = {
  train: /^(?:train|training|tr)$/i,
  validate: /^(?:val|valid|validate|validation|dev)$/i,
  test: /^(?:test|testing|ts)$/i,
};
/** Words beside them that say nothing: `imagesTr`, `train_data`. */
const neutral = /^(?:images?|imgs?|data|dataset|sets?|slices?|scans?|x)$/i;
/** The names that the adapter knows without being told. */
const known: Readonly<Record<SplitName, readonly string[]>> = {
  train: ["train", "training"],
  validate: ["validate", "validation", "valid", "val"],
  test: ["test", "testing"],
};

/** Classes are few, and their names are words, digits or numbered kinds; folders of subjects are many. */
const MOST_CLASSES = 12;
const className = /^(?:\D+|\d|(?:class|grade|label|stage|group|birads|level)[-_ ]?\d+)$/i;
/** Fewer subjects than this are taken for something else where a name may say more than one thing. */
const FEWEST_SUBJECTS = 3;
/** The share of the files that may be subjects of their own before a number at the end counts as a slice's. */
const MOST_SUBJECTS = 0.75;

/**
 * Guesses from paths (below the root, with slashes, of one depth) where split, class, subject and slice are written.
 *
 * Slices of one subject must not be parted: parts that name an acquisition, a session, a visit or a date belong to no
 * subject; where the names do not say whose a slice is, each file counts as a subject of its own. What is not sure is
 * in the notes.
 *
 * @param options.volumes whether the files hold volumes, so that their names have no slice's number
 */
export function inferPattern(
  paths: readonly string[],
  { volumes = false }: { readonly volumes?: boolean } = {},
): InferredPattern {
  const rows = paths.map((path) => path.split("/"));
  const depth = rows[0]!.length - 1;
  const stems = rows.map((row) => withoutEnding(row[depth]!));
  const notes: string[] = [];
  const levels = readFolders(rows, depth);
  notes.push(...levels.notes);
  const { parts, splits, split, label } = levels;
  const labels = rows.map((row) => [split, label].map((level) => row[level ?? -1] ?? "").join("/"));
  const columns = columnsOf(stems);
  const channels = Object.values(splits ?? {}).some((names) => names.some((name) => /^images/i.test(name)));
  const around = { volumes, files: true, labels, channels };
  const doubts = assignRoles(columns, around);

  const folders = levels.open.map((level) => {
    const folderColumns = columnsOf(rows.map((row) => row[level]!));
    const folderDoubts = assignRoles(folderColumns, { ...around, files: false });
    return { level, columns: folderColumns, doubts: folderDoubts };
  });
  const subjects = folders.filter((folder) => folder.columns.some(({ role }) => role === "subject"));
  const named = subjects.find(({ columns: folderColumns }) =>
    folderColumns.some(({ values }) => isSubjectWord(values[0]!)),
  );
  const inNames = subjectsIn(columns);
  const [outermost] = subjects.filter((one) => one === named || !holdsSubjects(one.columns, inNames));
  const owner = named ?? outermost;

  for (const { level, columns: folderColumns } of folders) {
    parts[level] =
      level === owner?.level
        ? patternOf(folderColumns, notes)
        : patternOf(folderColumns, notes, { subject: false });
  }
  let file: string;
  let unsure = false;
  if (owner !== undefined) {
    notes.push(...owner.doubts);
    file = patternOf(columns, notes, { subject: false });
    if (!volumes && !file.includes("{slice}")) {
      notes.push("the files' names hold no slice number, so slices have none");
    }
  } else if (inNames === undefined || (!volumes && !tellsSubjects(columns, inNames, labels))) {
    unsure = true;
    file = "{subject}";
    notes.push(
      `the names do not say which subject a file belongs to, so each of the ${paths.length} files counts as a subject: if several are ` +
        "of one person, that person's slices may be in training and in testing, which flatters every figure",
    );
  } else {
    notes.push(...doubts);
    file = patternOf(columns, notes);
  }
  return {
    pattern: [...parts, `${file}${commonEnding(rows.map((row) => row[depth]!))}`].join("/"),
    ...(splits === undefined || usual(splits) ? {} : { splits }),
    unsure,
    notes,
  };
}

/** The ending of most names, `.nii.png`; `.*` where there are several. */
export function commonEnding(names: readonly string[]): string {
  const endings = new Set(names.map((name) => name.slice(withoutEnding(name).length)));
  return endings.size === 1 ? [...endings][0]! : ".*";
}

/** What the folders above the files say, level by level. */
function readFolders(rows: readonly (readonly string[])[], depth: number) {
  const parts: string[] = [];
  const open: number[] = [];
  const notes: string[] = [];
  let splits: InferredPattern["splits"];
  let split: number | undefined;
  let label: number | undefined;
  for (let level = 0; level < depth; level++) {
    const names = new Set(rows.map((row) => row[level]!));
    const splitFolders = splits === undefined ? splitsOf(names) : undefined;
    parts.push("*");
    if (splitFolders !== undefined) {
      splits = splitFolders.splits;
      split = level;
      parts[level] = "{split}";
      notes.push(...splitFolders.notes);
    } else if (names.size === 1) parts[level] = literal([...names][0]!);
    else if ([...names].every(isContrast)) {
      const contrast = preferred(rows.map((row) => row[level]!));
      parts[level] = literal(contrast);
      notes.push(oneContrast(contrast, names));
    } else if (
      label === undefined &&
      names.size <= MOST_CLASSES &&
      [...names].every((name) => className.test(name))
    ) {
      label = level;
      parts[level] = "{class}";
    } else open.push(level);
  }
  return { parts, open, notes, splits, split, label };
}

function splitsOf(
  names: ReadonlySet<string>,
): { readonly splits: NonNullable<InferredPattern["splits"]>; readonly notes: string[] } | undefined {
  const bySplit: Record<SplitName, string[]> = { train: [], validate: [], test: [] };
  const others: string[] = [];
  for (const name of names) {
    const words =
      name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g)?.filter((word) => !neutral.test(word)) ?? [];
    const split = splitNames.find((one) => words.length === 1 && splitWords[one].test(words[0]!));
    if (split === undefined) others.push(name);
    else bySplit[split].push(name);
  }
  if (bySplit.train.length === 0 || bySplit.test.length + bySplit.validate.length === 0) return undefined;
  const notes: string[] = [];
  if (others.length > 0) {
    notes.push(`the folders ${others.slice(0, 3).join(", ")} name no split and are left out`);
  }
  if (bySplit.test.length === 0) {
    notes.push(
      `there is no folder for testing: ${bySplit.validate.join(", ")} is used for it, and validation slices are held ` +
        "out of training",
    );
    bySplit.test = bySplit.validate;
    bySplit.validate = [];
  }
  return {
    splits: Object.fromEntries(Object.entries(bySplit).filter(([, folders]) => folders.length > 0)),
    notes,
  };
}

function usual(splits: NonNullable<InferredPattern["splits"]>): boolean {
  return splitNames.every((split) => (splits[split] ?? []).every((name) => known[split].includes(name)));
}

/** Whose each name says that it is; undefined if it says nothing. */
function subjectsIn(columns: readonly Column[]): string[] | undefined {
  const range = subjectRun(columns);
  if (range === undefined) return undefined;
  const run = columns.slice(range.from, range.to);
  return run[0]!.values.map((_, index) => run.map(({ values }) => values[index]).join("-"));
}

/** Where the subject's parts are, from the first to before `to`, with the words before them. */
function subjectRun(columns: readonly Column[]): { readonly from: number; readonly to: number } | undefined {
  let from = columns.findIndex(({ role }) => role === "subject");
  if (from < 0) {
    // One subject: the same word with a number in all names, before the slices'.
    const slice = columns.findIndex(({ role }) => role === "slice");
    const one = columns.findIndex(
      (column, index) => index < slice && column.role === "other" && constant(column) && numeric(column),
    );
    if (one < 0) return undefined;
    from = one;
  }
  let to = from + 1;
  // A word that goes with the class only is part of the name too: `s0_AD`.
  const isName = ({ role, values }: Column) =>
    role === "subject" || (role === "other" && new Set(values).size > 1);
  while (to < columns.length && isName(columns[to]!)) to++;
  while (from > 0 && columns[from - 1]!.role === "other") from--;
  return { from, to };
}

/** Whether folders hold several subjects each, as their files' names say: sites, batches. */
function holdsSubjects(folder: readonly Column[], inNames: readonly string[] | undefined): boolean {
  if (inNames === undefined) return false;
  const folders = folder[0]!.values.map((_, index) => folder.map(({ values }) => values[index]).join("-"));
  const subjects = new Set(inNames).size;
  return new Set(folders).size < Math.min(FEWEST_SUBJECTS, subjects) && subjects >= FEWEST_SUBJECTS;
}

/** Whether what could be subjects is not a word for the class, or a number of its own for each file. */
function tellsSubjects(
  columns: readonly Column[],
  subjects: readonly string[],
  labels: readonly string[],
): boolean {
  const count = new Set(subjects).size;
  if (
    columns.some(({ values }, index) => isSubjectWord(values[0]!) && columns[index + 1]?.role === "subject")
  ) {
    return true;
  }
  const groups = new Set(labels).size;
  return (groups === 1 || count > groups) && count <= MOST_SUBJECTS * subjects.length;
}

/** Names as a pattern; `{subject}` once, unless the subject is told elsewhere. */
function patternOf(
  columns: readonly Column[],
  notes: string[],
  { subject = true }: { readonly subject?: boolean } = {},
): string {
  const run = subject ? subjectRun(columns) : undefined;
  const texts = columns.map((column, index): string => {
    const { values, role } = column;
    if (run !== undefined && index >= run.from && index < run.to)
      return index === run.from ? "{subject}" : "";
    if (role === "slice") return "{slice}";
    if (role === "scan" && numeric(column)) return "{number}";
    if (role === "contrast") {
      const contrast = preferred(values);
      if (!constant(column)) notes.push(oneContrast(contrast, new Set(values)));
      return literal(contrast);
    }
    return constant(column) ? literal(values[0]!) : "*";
  });
  return columns
    .map(({ before }, index) => {
      const within = run !== undefined && index > run.from && index < run.to;
      return within ? "" : `${before}${texts[index]}`;
    })
    .join("")
    .replaceAll(/\*+/g, "*");
}

/** The contrast that most names have; of as many, a T1. */
function preferred(values: readonly string[]): string {
  const sorted = [...values].sort(
    (a, b) => Number(!/^t1w?$/i.test(a)) - Number(!/^t1w?$/i.test(b)) || (a < b ? -1 : 1),
  );
  return mostCommon(sorted);
}

function oneContrast(chosen: string, names: ReadonlySet<string>): string {
  const others = [...names].filter((name) => name !== chosen).sort();
  return `each scan has several contrasts or channels: ${chosen} is taken, ${others.join(", ")} left out`;
}

/** A text that stands for itself in a pattern. */
function literal(text: string): string {
  return text.replaceAll(/[{}*]+/g, "*");
}
