import { FIGURES, figureText } from "@slicebook/runs/figures";
import { useState } from "preact/hooks";
import type { Estimate, RunEntry, RunsAnswer } from "../shared/answers.ts";
import { codesText, duration, gridText, intervalInWords, plural, when } from "./format.ts";
import { hrefOf } from "./router.ts";
import { Notice } from "./ui/notice.tsx";

interface Column {
  readonly key: string;
  readonly title: string;
  readonly number?: boolean;
  /** Left out on narrow screens first, second. */
  readonly rank?: 1 | 2;
  /** What a sort compares; runs without it come last. */
  readonly sortBy: (run: RunEntry) => string | number | undefined;
}

const COLUMNS: readonly Column[] = [
  { key: "name", title: "Run", sortBy: ({ id }) => id.toLowerCase() },
  { key: "data", title: "Data set", sortBy: ({ data }) => data.adapter },
  { key: "model", title: "Model", rank: 2, sortBy: ({ model }) => `${model.preset} ${model.codes}` },
  { key: "engine", title: "Engine", rank: 1, sortBy: ({ engine }) => engine },
  { key: "ssim", title: FIGURES.ssim.name, number: true, sortBy: ({ ssim }) => ssim?.mean },
  { key: "psnr", title: FIGURES.psnr.name, number: true, rank: 2, sortBy: ({ figures }) => figures.psnr },
  {
    key: "perplexity",
    title: FIGURES.perplexity.name,
    number: true,
    sortBy: ({ figures }) => figures.perplexity,
  },
  {
    key: "bits",
    title: FIGURES.bitsPerCode.name,
    number: true,
    sortBy: ({ figures }) => figures.bitsPerCode,
  },
  { key: "time", title: "Time", number: true, rank: 1, sortBy: ({ seconds }) => seconds },
  { key: "created", title: "Started", rank: 1, sortBy: ({ created }) => created },
];

/** Columns of which the most is shown first. */
const FALLING = ["ssim", "psnr", "perplexity", "created", "time"];

export function RunsPage({ answer: { runs, damaged } }: { readonly answer: RunsAnswer }) {
  const [filter, setFilter] = useState("");
  const [sort, setSort] = useState<{ readonly key: string; readonly falling: boolean }>({
    key: "created",
    falling: true,
  });
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (runs.length === 0 && damaged.length === 0) return <NoRuns />;
  const shown = sorted(runs.filter(matches(filter)), sort);
  const kept = chosen.filter((id) => runs.some((run) => run.id === id));
  const toggle = (id: string) =>
    setChosen(kept.includes(id) ? kept.filter((other) => other !== id) : [...kept, id]);
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <p class="lead">
          {plural(runs.length, "run")}
          {runs.some(({ state }) => state === "running") &&
            `, ${runs.filter(({ state }) => state === "running").length} training now`}
        </p>
      </div>
      <div class="tools">
        <input
          type="search"
          placeholder="Filter by name, data set, model, engine"
          aria-label="Filter runs"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        {kept.length >= 2 ? (
          <a class="button primary" href={hrefOf({ page: "compare", ids: kept })}>
            Compare {kept.length} runs
          </a>
        ) : (
          <span class="hint">Tick two or more to compare</span>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="scroll" aria-label="Table of runs" tabIndex={0}>
        <table class="runs">
          <thead>
            <tr>
              <th class="tick">
                <span class="hidden">Compare</span>
              </th>
              {COLUMNS.map((column) => (
                <HeadCell
                  key={column.key}
                  column={column}
                  sort={sort}
                  onSort={() =>
                    setSort({
                      key: column.key,
                      falling: sort.key === column.key ? !sort.falling : FALLING.includes(column.key),
                    })
                  }
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((run) => (
              <RunRow
                key={run.id}
                run={run}
                scale={ssimScale(runs)}
                chosen={kept.includes(run.id)}
                onToggle={() => toggle(run.id)}
              />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p class="empty">No run matches “{filter}”.</p>}
      </section>
      {damaged.length > 0 && (
        <Notice kind="hint" title={`${plural(damaged.length, "folder")} cannot be read`}>
          <ul>
            {damaged.map(({ folder, reason }) => (
              <li key={folder}>
                <code>{folder}</code>: {reason}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

function NoRuns() {
  return (
    <div class="welcome">
      <h1>No runs yet</h1>
      <p>This folder holds no run. Start one, and it appears here while it trains:</p>
      <pre>
        <code>npx slicebook run configs/phantom.yaml</code>
      </pre>
    </div>
  );
}

function HeadCell({
  column: { key, title, number, rank },
  sort,
  onSort,
}: {
  readonly column: Column;
  readonly sort: { readonly key: string; readonly falling: boolean };
  readonly onSort: () => void;
}) {
  const isSorted = sort.key === key;
  const order = isSorted ? (sort.falling ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" class={cellClass(number, rank)} aria-sort={order}>
      <button type="button" onClick={onSort}>
        {title}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (sort.falling ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function RunRow({
  run,
  scale,
  chosen,
  onToggle,
}: {
  readonly run: RunEntry;
  readonly scale: readonly [number, number];
  readonly chosen: boolean;
  readonly onToggle: () => void;
}) {
  const { id, state, stages, data, model, engine, ssim, figures, seconds, created } = run;
  return (
    <tr class={chosen ? "chosen" : ""}>
      <td class="tick">
        <input type="checkbox" checked={chosen} aria-label={`Compare ${id}`} onChange={onToggle} />
      </td>
      <th scope="row">
        <a href={hrefOf({ page: "run", id, view: "overview" })}>{id}</a>
        <span class={`state ${state}`}>
          {state === "running"
            ? "training"
            : state === "complete"
              ? "complete"
              : (stages.at(-1) ?? "started")}
        </span>
      </th>
      <td>
        {data.adapter}
        <small>
          {data.size[0]} × {data.size[1]} px
        </small>
      </td>
      <td class={cellClass(false, 2)}>
        {model.preset}
        <small>
          {codesText(model)}, {gridText(model.grids)}
        </small>
      </td>
      <td class={cellClass(false, 1)}>{engine}</td>
      <td class="number">{ssim === null ? "–" : <SsimCell ssim={ssim} scale={scale} />}</td>
      <td class={cellClass(true, 2)}>
        {figureText(FIGURES.psnr, figures.psnr)}
        {figures.psnr !== undefined && ` ${FIGURES.psnr.unit}`}
      </td>
      <td class="number">{figureText(FIGURES.perplexity, figures.perplexity)}</td>
      <td class="number">{figureText(FIGURES.bitsPerCode, figures.bitsPerCode)}</td>
      <td class={cellClass(true, 1)}>{duration(seconds)}</td>
      <td class={cellClass(false, 1)}>{when(created)}</td>
    </tr>
  );
}

/** The mean, and its 95 % interval as a whisker on a scale that all runs share. */
function SsimCell({
  ssim,
  scale: [low, high],
}: {
  readonly ssim: Estimate;
  readonly scale: readonly [number, number];
}) {
  const at = (value: number) => 3 + (74 * (value - low)) / Math.max(high - low, 1e-9);
  const [from, to] = ssim.ci95 ?? [ssim.mean, ssim.mean];
  return (
    <span class="estimate">
      <span>{figureText(FIGURES.ssim, ssim.mean)}</span>
      <svg viewBox="0 0 80 10" width="80" height="10" role="img" aria-label={intervalInWords(ssim)}>
        <line x1={at(from)} x2={at(to)} y1="5" y2="5" class="whisker" />
        <circle cx={at(ssim.mean)} cy="5" r="3" class="mean" />
      </svg>
    </span>
  );
}

function ssimScale(runs: readonly RunEntry[]): readonly [number, number] {
  const ends = runs.flatMap(({ ssim }) => (ssim === null ? [] : [ssim.mean, ...(ssim.ci95 ?? [])]));
  return [Math.min(...ends), Math.max(...ends)];
}

function matches(filter: string): (run: RunEntry) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ id, data, model, engine, state }) => {
    const text = `${id} ${data.adapter} ${model.preset} ${engine} ${state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function sorted(
  runs: readonly RunEntry[],
  { key, falling }: { readonly key: string; readonly falling: boolean },
): RunEntry[] {
  const { sortBy } = COLUMNS.find((column) => column.key === key)!;
  return [...runs].sort((a, b) => {
    const [first, second] = [sortBy(a), sortBy(b)];
    if (first === undefined || second === undefined)
      return Number(first === undefined) - Number(second === undefined);
    const order = first < second ? -1 : first > second ? 1 : 0;
    return falling ? -order : order;
  });
}

function cellClass(number: boolean | undefined, rank: 1 | 2 | undefined): string {
  return [number ? "number" : "", rank === undefined ? "" : `rank-${rank}`].join(" ").trim();
}
