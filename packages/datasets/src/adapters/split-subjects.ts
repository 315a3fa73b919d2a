import { random } from "@slicebook/base";
import { naturalOrder } from "../natural-order.ts";
import { type SliceRecord, SPLITS, type Split } from "../types.ts";

/** What {@link splitSubjects} draws by. */
export interface SplitSubjectsOptions {
  /** The part of each class's subjects to hold out, in (0, 1). */
  readonly fraction: number;
  readonly seed: number;
  /** The split they are held out for: each draws its own. */
  readonly split: Split;
}

/**
 * Chooses the subjects to hold out: the same fraction of every class, never a part of a subject's slices.
 *
 * `classes` gives each subject's class. Of a class with n ≥ 2 subjects, round(n × fraction) are held out, but
 * at least one is held out and at least one kept; a class of one subject keeps it. The choice depends on the
 * seed and on the names in the class only, not on their order.
 */
export function splitSubjects(
  classes: ReadonlyMap<string, string>,
  { fraction, seed, split }: SplitSubjectsOptions,
): Set<string> {
  const groups = new Map<string, string[]>();
  for (const [subject, label] of classes) {
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [subject]);
    else group.push(subject);
  }
  const held = new Set<string>();
  for (const [label, subjects] of groups) {
    if (subjects.length < 2) continue;
    subjects.sort(naturalOrder);
    const count = Math.min(subjects.length - 1, Math.max(1, Math.round(subjects.length * fraction)));
    const order = random(seed, "split", split, label).permutation(subjects.length);
    for (const index of order.subarray(0, count)) held.add(subjects[index]!);
  }
  return held;
}

/**
 * Moves the slices of held-out subjects from training to another split; `fraction` as for {@link
 * splitSubjects}.
 */
export function holdOut(records: readonly SliceRecord[], options: SplitSubjectsOptions): SliceRecord[] {
  const classes = new Map<string, string>();
  for (const { split, subject, label = "" } of records) if (split === "train") classes.set(subject, label);
  const held = splitSubjects(classes, options);
  return records.map((record) =>
    record.split === "train" && held.has(record.subject) ? { ...record, split: options.split } : record,
  );
}

/** Puts records in the order of the splits; within each they keep theirs. */
export function bySplit(records: readonly SliceRecord[]): SliceRecord[] {
  return SPLITS.flatMap((split) => records.filter((record) => record.split === split));
}
