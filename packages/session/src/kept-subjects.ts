import { SlicebookError } from "@slicebook/base";
import { type SliceRecord, SPLITS, type Split } from "@slicebook/datasets";
import type { KeptSubjects } from "@slicebook/runs";

/** The subjects of some slices by their splits. */
export function subjectsOf(records: readonly SliceRecord[]): KeptSubjects {
  const of = (split: Split) => [
    ...new Set(records.filter((record) => record.split === split).map(({ subject }) => subject)),
  ];
  return { schema: 1, train: of("train"), validate: of("validate"), test: of("test") };
}

/** The subjects there are now, and those of before that are not there any more. */
export function merged(now: KeptSubjects, before: KeptSubjects | undefined): KeptSubjects {
  const of = (split: Split) => [...new Set([...(before?.[split] ?? []), ...now[split]])];
  return { schema: 1, train: of("train"), validate: of("validate"), test: of("test") };
}

/**
 * Puts slices into the splits in which a run has their subjects, whatever the folder says now.
 *
 * Throws `SUBJECTS_NEW` if there are others, unless those are taken for testing.
 */
export function inKeptSplits(
  records: readonly SliceRecord[],
  kept: KeptSubjects,
  { folder, newSubjects }: { readonly folder: string; readonly newSubjects: "test" | undefined },
): SliceRecord[] {
  const splits = new Map<string, Split[]>();
  for (const split of SPLITS) {
    for (const subject of kept[split]) splits.set(subject, [...(splits.get(subject) ?? []), split]);
  }
  const unknown = [...new Set(records.map(({ subject }) => subject))].filter(
    (subject) => !splits.has(subject),
  );
  if (unknown.length > 0 && newSubjects === undefined) throw unknownSubjects(folder, unknown);
  const arranged = records.map((record): SliceRecord => {
    const subjectSplits = splits.get(record.subject) ?? ["test"];
    return subjectSplits.includes(record.split) ? record : { ...record, split: subjectSplits[0]! };
  });
  return SPLITS.flatMap((split) => arranged.filter((record) => record.split === split));
}

/** What a person should know of subjects that are not there any more; undefined where all are. */
export function missingSubjects(records: readonly SliceRecord[], kept: KeptSubjects): string | undefined {
  const there = new Set(records.map(({ subject }) => subject));
  const gone = SPLITS.flatMap((split) => {
    const names = kept[split].filter((subject) => !there.has(subject));
    return names.length === 0
      ? []
      : [`${names.length} of ${kept[split].length} ${split} subjects (${few(names)})`];
  });
  return gone.length === 0 ? undefined : `not in the folder any more: ${gone.join(", ")}`;
}

/** What a person should know of other data's subjects that have the names of those trained on; undefined for none. */
export function trainedSubjects(subjects: readonly string[], kept: KeptSubjects): string | undefined {
  const trained = new Set([...kept.train, ...kept.validate]);
  const known = subjects.filter((subject) => trained.has(subject));
  if (known.length === 0) return undefined;
  return (
    `${known.length} of ${subjects.length} test subjects have the names of subjects that the run was trained or ` +
    `validated on (${few(known)}): if they are the same people, the figures are flattered`
  );
}

function unknownSubjects(folder: string, unknown: readonly string[]): SlicebookError {
  const are = unknown.length === 1 ? "1 subject is" : `${unknown.length} subjects are`;
  return new SlicebookError(
    "SUBJECTS_NEW",
    `${are} in the data set's folder that the run ${folder} does not know: ${few(unknown)}`,
    {
      remedy:
        "Take them for testing with `slicebook evaluate RUN --new-subjects test`, move them out of the folder, or " +
        "start another run with run.name=NAME.",
    },
  );
}

function few(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(", ")}, …` : names.join(", ");
}
