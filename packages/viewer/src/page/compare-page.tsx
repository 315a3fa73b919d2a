import { comparisonNotes, differentSettings, sameCodes, sameSlices } from "@slicebook/report/comparable";
import { FIGURES, type FigureKey, figureKeys, figureText } from "@slicebook/runs/figures";
import type { RunAnswer, RunsAnswer } from "../shared/answers.ts";
import { fetchJson, useLoaded } from "./data.ts";
import { duration, interval, short } from "./format.ts";
import { hrefOf } from "./router.ts";
import { Curves } from "./run/curves.tsx";
import { settingText } from "./run/settings.tsx";
import { Notice, Waiting } from "./ui/notice.tsx";

interface Row {
  readonly name: string;
  readonly unit?: string | undefined;
  readonly value: (run: RunAnswer) => number | undefined;
  readonly text: (run: RunAnswer) => string;
  /** Which end is the better one; none where that is a matter of what is wanted. */
  readonly better?: "higher" | "lower" | undefined;
  /** Whether the figure compares between two runs that were tested on the same slices; it does unless given. */
  readonly compares?: (first: RunAnswer, other: RunAnswer) => boolean;
}

const ROWS: readonly Row[] = [
  figureRow("ssim"),
  {
    name: "SSIM, 95 % interval",
    value: () => undefined,
    text: ({ evaluation }) => (evaluation === null ? "–" : interval(evaluation.ssim)),
  },
  ...figureKeys.filter((key) => key !== "ssim").map(figureRow),
  {
    name: "Weights",
    value: ({ info }) => info.model.parameters,
    text: ({ info }) => short(info.model.parameters),
  },
  { name: "Time", value: ({ entry }) => entry.seconds, text: ({ entry }) => duration(entry.seconds) },
];

function figureRow(key: FigureKey): Row {
  const { name, unit, better, ...figure } = FIGURES[key];
  return {
    name,
    unit,
    better,
    value: ({ entry }) => entry.figures[key],
    text: ({ entry }) => figureText(figure, entry.figures[key]),
    ...(key === "bitsPerCode" && {
      compares: (first, other) => sameCodes(first.info.model, other.info.model),
    }),
  };
}

export function ComparePage({
  answer,
  ids,
}: {
  readonly answer: RunsAnswer;
  readonly ids: readonly string[];
}) {
  const known = ids.filter((id) => answer.runs.some((run) => run.id === id));
  const loaded = useLoaded(
    () => Promise.all(known.map((id) => fetchJson<RunAnswer>(`data/${encodeURIComponent(id)}/run.json`))),
    known.join("\n"),
  );
  if (loaded.state === "waiting") return <Waiting what="the runs" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The runs cannot be compared" text={loaded.reason} />;
  const runs = loaded.value;
  const differing = differentSettings(runs.map(({ config }) => config));
  const notes = comparisonNotes(runs.map(({ entry: { id }, evaluation }) => ({ label: id, evaluation })));
  return (
    <>
      <div class="head">
        <h1>Compare</h1>
        <p class="lead">
          Figures of each run's own test split. The best of a row is marked where there is a better end, and
          the figures compare.
        </p>
      </div>
      {notes.length > 0 && (
        <Notice kind="hint" title="Not all of these figures can be compared">
          <ul>
            {notes.map((note) => (
              <li key={note}>{note}.</li>
            ))}
          </ul>
        </Notice>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="scroll" aria-label="Figures" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Figure</th>
              {runs.map(({ entry }) => (
                <th key={entry.id} scope="col" class="number">
                  <a href={hrefOf({ page: "run", id: entry.id, view: "overview" })}>{entry.id}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ROWS.map((row) => {
              const best = bestOf(row, runs);
              return (
                <tr key={row.name}>
                  <th scope="row">{row.name}</th>
                  {runs.map((run) => (
                    <td key={run.entry.id} class={`number ${best.includes(run) ? "best" : ""}`}>
                      {row.text(run)}
                      {row.unit && row.value(run) !== undefined && ` ${row.unit}`}
                      {best.includes(run) && <span class="hidden"> (best)</span>}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <h2>Curves</h2>
      <Curves runs={runs.map(({ entry, metrics }) => ({ name: entry.id, rows: metrics }))} />
      <h2>Settings that differ</h2>
      {differing.length === 0 ? (
        <p class="empty">None: the runs have the same settings.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="scroll" aria-label="Settings that differ" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {runs.map(({ entry }) => (
                  <th key={entry.id} scope="col">
                    {entry.id}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row">
                    <code>{key}</code>
                  </th>
                  {values.map((value, index) => (
                    <td key={runs[index]!.entry.id}>{value === undefined ? "–" : settingText(value)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

/** The runs that are best in a row, where all that have the figure compare in it and are not all alike. */
function bestOf(
  { better, value, compares = () => true }: Row,
  runs: readonly RunAnswer[],
): readonly RunAnswer[] {
  const [first, ...others] = runs.filter((run) => value(run) !== undefined);
  if (better === undefined || first === undefined || others.length === 0) return [];
  const evaluated = runs.filter(({ evaluation }) => evaluation !== null);
  const tested = evaluated.every(({ evaluation }) => sameSlices(evaluated[0]!.evaluation!, evaluation!));
  if (!tested || !others.every((run) => compares(first, run))) return [];
  const sign = better === "higher" ? 1 : -1;
  const most = Math.max(...[first, ...others].map((run) => sign * value(run)!));
  const best = [first, ...others].filter((run) => sign * value(run)! === most);
  return best.length > others.length ? [] : best;
}
