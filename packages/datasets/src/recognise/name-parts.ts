/** What a part of a name says. */
export type Role =
  /** Whose slice it is. */
  | "subject"
  /** The slice's number. */
  | "slice"
  /** Which of a subject's scans it is: an acquisition, session, visit, run, echo, week or date. */
  | "scan"
  /** Which contrast or channel it is: T1, flair, `_0000`. */
  | "contrast"
  /** The same in all names, or nothing that is known. */
  | "other";

/** One part of some names, at the same place in each. */
export interface Column {
  /** In each name; "" where it is missing. */
  readonly values: readonly string[];
  /** What stands before it in most names: a separator, or nothing. */
  readonly before: string;
  role: Role;
}

/** Words before a number that count something of a subject: `week_0`, `MR1`, `ses-02`. */
const SCAN =
  /^(?:acq|acquisition|bl|day|days|echo|exam|fu|followup|mo|month|months|mpr|mprage|mr|phase|rec|rep|rpt|run|scan|ser|series|ses|sess|session|st|stack|study|time|timepoint|tp|vis|visit|visits|week|weeks|wk|year|yr)$/i;
/** Such words of one letter, which are also used for subjects. */
const SHORT_SCAN = /^[evwmyr]$/i;
/** Scans that have a name instead of a number. */
const SCAN_NAME =
  /^(?:baseline|bl|followup|fu|pre|post|preop|postop|preoperative|postoperative|initial|final|first|last|retest|test|rest|screening)$/i;
const SLICE = /^(?:slice|slices|slc|sl|frame|image|images|img|im|z)$/i;
const SUBJECT =
  /^(?:sub|subj|subject|subjects|patient|patients|pat|pt|case|person|participant|volunteer|id)$/i;
const CONTRAST =
  /^(?:t1|t1w|t1wi|t1c|t1ce|t1gd|t1n|t1post|t2|t2w|t2wi|t2f|t2star|t2starw|t2flair|flair|pd|pdw|pdt2|dwi|adc|swi|asl|bold|mra|inplanet1|inplanet2|fa|md|ct|pet)$/i;
const CHANNEL_WORD = /^(?:channel|chan|ch|modality|mod)$/i;
const DATE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;

/**
 * Takes names apart at what separates words and between a word and its number (`MR1`); names with more parts than
 * others have them at their start.
 */
export function columnsOf(names: readonly string[]): Column[] {
  const taken = names.map((name) => {
    const words = name.split(/[-_. ]+/);
    return { words, separators: name.match(/[-_. ]+/g) ?? [] };
  });
  const count = taken.reduce((least, { words }) => Math.min(least, words.length), Infinity);
  const columns: Column[] = [];
  for (let part = 0; part < count; part++) {
    const values = taken.map(({ words }, index) => {
      const at = words.length - count + part;
      return part > 0 ? words[at]! : startOf(names[index]!, words.length - count);
    });
    const before = part === 0 ? "" : mostCommon(taken.map(({ separators }) => separators.at(part - count)!));
    columns.push(...wordAndNumber({ values, before, role: "other" }));
  }
  return columns;
}

/** A name up to the end of the word at `at`. */
function startOf(name: string, at: number): string {
  return new RegExp(`^(?:[^-_. ]*[-_. ]+){${at}}[^-_. ]*`).exec(name)?.[0] ?? name;
}

function wordAndNumber(column: Column): Column[] {
  if (all(column, CONTRAST)) return [column];
  const parts = column.values.map((value) => /^(\D+)(\d+)$/.exec(value));
  const words = new Set(parts.map((part) => part?.[1]));
  if (words.size !== 1 || words.has(undefined)) return [column];
  return [
    { ...column, values: parts.map((part) => part![1]!) },
    { ...column, values: parts.map((part) => part![2]!), before: "" },
  ];
}

/** What is known of some names besides. */
export interface Surroundings {
  /** Files that hold many slices each, so that no name has a slice's number. */
  readonly volumes: boolean;
  /** Whether the names are files' names rather than folders'. */
  readonly files: boolean;
  /** The class and the split that each name lies in: what says the same is not a subject. */
  readonly labels: readonly string[];
  /** Whether `_0000` at the end is a channel, as nnU-Net has it. */
  readonly channels: boolean;
}

/** Gives each part of some names its role; returns what is not sure. */
export function assignRoles(columns: Column[], around: Surroundings): string[] {
  const doubts: string[] = [];
  const last = columns.at(-1);
  if (around.channels && last !== undefined && all(last, /^000\d$/)) last.role = "contrast";
  markScans(columns);
  for (const [index, column] of columns.entries()) {
    const next = columns[index + 1];
    if (column.role !== "other") continue;
    if (all(column, CONTRAST) || all(column, /^(?:T1|T2|T2star|FLAIR|PD)w$/)) column.role = "contrast";
    if (next?.role === "other" && all(column, CHANNEL_WORD) && numeric(next)) next.role = "contrast";
  }
  if (around.files && !around.volumes) markSlice(columns);
  const unassigned = columns.filter(({ role }) => role === "other");
  const key = columns.findLastIndex(
    (column, index) => all(column, SUBJECT) && columns[index + 1]?.role === "other",
  );
  if (key >= 0) {
    columns[key + 1]!.role = "subject";
    // A word without a number after it, as in `sub-anna_lee`, is followed by more of the same name.
    for (const column of columns.slice(key + 2)) {
      if (column.role !== "other" || numeric(column) || constant(column)) break;
      column.role = "subject";
    }
    return doubts;
  }
  const open = unassigned.filter((column) => !constant(column) && !follows(column.values, around.labels));
  doubts.push(...partScans(open));
  for (const column of open) if (column.role === "other") column.role = "subject";
  return doubts;
}

function markScans(columns: Column[]): void {
  for (const [index, column] of columns.entries()) {
    const next = columns[index + 1];
    if (all(column, DATE) || (all(column, SCAN_NAME) && index > 0)) column.role = "scan";
    if (next === undefined || !numeric(next)) continue;
    const word = all(column, SCAN) || (index > 0 && constant(column) && all(column, SHORT_SCAN));
    if (word) next.role = "scan";
  }
  // 2001-04-30
  for (let at = 0; at + 2 < columns.length; at++) {
    const [year, month, day] = columns.slice(at, at + 3);
    if (!all(year!, /^(?:19|20)\d\d$/) || !all(month!, /^(?:0[1-9]|1[0-2])$/)) continue;
    if (all(day!, /^(?:0[1-9]|[12]\d|3[01])$/)) for (const one of [year!, month!, day!]) one.role = "scan";
  }
}

function markSlice(columns: Column[]): void {
  const named = columns.findLastIndex(
    (column, index) =>
      all(column, SLICE) && columns[index + 1]?.role === "other" && numeric(columns[index + 1]!),
  );
  if (named >= 0) {
    columns[named + 1]!.role = "slice";
    return;
  }
  const last = columns.findLastIndex((column) => column.role === "other" && numeric(column));
  if (last < 0 || constant(columns[last]!)) return;
  // `patient_12`: a number that is said to be a subject's.
  if (last > 0 && all(columns[last - 1]!, SUBJECT)) return;
  columns[last]!.role = "slice";
}

/**
 * Parts of unknown meaning that recur under most values of the others tell a subject's scans apart, rather than
 * subjects; which is not sure.
 */
function partScans(open: Column[]): string[] {
  const doubts: string[] = [];
  const values = (columns: readonly Column[]) =>
    open[0]!.values.map((_, index) => columns.map((column) => column.values[index]).join("\0"));
  for (let at = open.length - 1; at > 0; at--) {
    const [before, partValues] = [values(open.slice(0, at)), open[at]!.values];
    if (isCrossed(partValues, before)) {
      open[at]!.role = "scan";
      doubts.push(doubtOf(partValues));
      open.splice(at, 1);
    }
  }
  if (open.length > 1 && isCrossed(open[0]!.values, values(open.slice(1)))) {
    open[0]!.role = "scan";
    doubts.push(doubtOf(open[0]!.values));
  }
  return doubts;
}

const MOST_SCANS = 12;

/** Whether few values come each with most of the others, which are more. */
function isCrossed(few: readonly string[], others: readonly string[]): boolean {
  const [distinctFew, distinctOthers] = [new Set(few), new Set(others)];
  if (distinctFew.size > MOST_SCANS || distinctFew.size >= distinctOthers.size) return false;
  const pairs = new Set(few.map((value, index) => `${value}\0${others[index]}`));
  return pairs.size >= 0.5 * distinctFew.size * distinctOthers.size && pairs.size > distinctOthers.size;
}

function doubtOf(values: readonly string[]): string {
  const some = [...new Set(values)].slice(0, 3).join(", ");
  return `a part of the names (${some}) is taken to tell scans of one subject apart; if it tells subjects apart, correct the pattern`;
}

/** Whether values say nothing but what labels say: one for each label, not all the same. */
function follows(values: readonly string[], labels: readonly string[]): boolean {
  const of = new Map<string, string>();
  for (const [index, label] of labels.entries()) {
    const value = of.get(label);
    if (value === undefined) of.set(label, values[index]!);
    else if (value !== values[index]) return false;
  }
  return of.size > 1;
}

export function numeric(column: Column): boolean {
  return all(column, /^\d+$/);
}

export function constant({ values }: Column): boolean {
  return values.every((value) => value === values[0]);
}

function all({ values }: Column, form: RegExp): boolean {
  return values.every((value) => form.test(value));
}

/** Whether folders' names are those of scans or contrasts within subjects. */
export function isContrast(name: string): boolean {
  return CONTRAST.test(name);
}

/** Whether a part of a name is a word for a subject. */
export function isSubjectWord(text: string): boolean {
  return SUBJECT.test(text);
}

export function mostCommon(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}
