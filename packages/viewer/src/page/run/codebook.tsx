import { perplexity } from "@slicebook/core/host";
import { decimals } from "@slicebook/runs/figures";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { CodebookAnswer, CodebookLevel, RunAnswer } from "../../shared/answers.ts";
import { fetchJson, fileUrl, type Loaded, messageOf, useLoaded } from "../data.ts";
import { percent, plural } from "../format.ts";
import { EngineLine } from "../live/engine-line.tsx";
import { Choice } from "../ui/controls.tsx";
import { LevelChoice } from "../ui/level-choice.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import { type ReadyModel, useModel } from "../use-model.ts";
import type { Grids } from "../worker/protocol.ts";
import { Atlas, type Patches } from "./atlas.tsx";
import { Histogram } from "./histogram.tsx";

export function Codebook({ run }: { readonly run: RunAnswer }) {
  const { entry, files, info } = run;
  const loaded = useLoaded(
    () => fetchJson<CodebookAnswer>(`data/${encodeURIComponent(entry.id)}/codebook.json`),
    `${entry.id} ${info.stages.encode?.finished}`,
  );
  if (files.codes === null) {
    return (
      <p class="empty">The codes of the slices come with `slicebook encode`, once the model is trained.</p>
    );
  }
  if (loaded.state === "waiting") return <Waiting what="the codes" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The codes cannot be shown" text={loaded.reason} />;
  return <Usage run={run} answer={loaded.value} />;
}

type Order = "use" | "number";

function Usage({ run, answer }: { readonly run: RunAnswer; readonly answer: CodebookAnswer }) {
  const [levelNumber, setLevel] = useState(0);
  const [order, setOrder] = useState<Order>("use");
  const [chosen, setChosen] = useState<number>();
  const level = answer.levels[levelNumber]!;
  const total = level.counts.reduce((sum, count) => sum + count, 0);
  const used = level.counts.filter((count) => count > 0).length;
  const codes = useMemo(() => {
    const all = Array.from(level.counts.keys());
    return order === "use" ? all.sort((a, b) => level.counts[b]! - level.counts[a]!) : all;
  }, [level, order]);
  const code = chosen ?? codes[0]!;
  const model = useModel(run);
  const patches = usePatches(model, levelNumber);
  return (
    <>
      <div class="head">
        <p class="lead">
          {used} of {plural(level.codes, "code")} occur in {plural(answer.slices, "test slice")} of{" "}
          {level.rows} × {level.columns} codes each; perplexity {decimals(perplexity(level.counts), 1)}.
        </p>
      </div>
      <div class="tools">
        <Choice
          label="Order"
          options={[
            { value: "use", text: "By use" },
            { value: "number", text: "By number" },
          ]}
          value={order}
          onChange={setOrder}
        />
        <LevelChoice
          levels={answer.levels}
          value={levelNumber}
          onChange={(next) => {
            setLevel(next);
            setChosen(undefined);
          }}
        />
      </div>
      <Histogram level={level} codes={codes} chosen={code} onChoose={setChosen} />
      {model.state === "failed" && (
        <Notice kind="error" title="The model cannot be opened" text={model.reason} />
      )}
      {patches.state === "failed" && (
        <Notice kind="error" title="The codes cannot be decoded" text={patches.reason} />
      )}
      <div class="bench wide">
        <section aria-label="Codes">
          <h2>What each code looks like</h2>
          <p class="note">
            Each code decoded among its own
            {answer.levels.length > 1 && surroundings(answer.levels, levelNumber)}, brightest to darkest on
            one scale. Choose one to see where it occurs.
          </p>
          <Atlas
            level={level}
            codes={codes}
            chosen={code}
            onChoose={setChosen}
            patches={patches.state === "here" ? patches.value : undefined}
          />
          {model.state === "here" && <EngineLine opened={model.value.opened} />}
        </section>
        <section aria-label="Where the code occurs" aria-live="polite">
          <h2>Code {code}</h2>
          <p class="caption">
            {plural(level.counts[code]!, "occurrence")},{" "}
            {percent(level.counts[code]! / Math.max(total, 1), 2)} of all
          </p>
          <Places run={run} answer={answer} levelNumber={levelNumber} code={code} model={model} />
        </section>
      </div>
    </>
  );
}

function usePatches(model: Loaded<ReadyModel>, level: number): Loaded<Patches> {
  const ready = model.state === "here" ? model.value : undefined;
  const [latest, setLatest] = useState<{ readonly level: number; readonly patches: Loaded<Patches> }>();
  useEffect(() => {
    if (ready === undefined) return;
    let wanted = true;
    ready.client.call("patches", { level }).then(
      (value) => wanted && setLatest({ level, patches: { state: "here", value } }),
      (error: unknown) =>
        wanted && setLatest({ level, patches: { state: "failed", reason: messageOf(error) } }),
    );
    return () => {
      wanted = false;
    };
  }, [ready, level]);
  // Those of another level are not shown: it may have other codes.
  return latest?.level === level ? latest.patches : { state: "waiting" };
}

/** What a level's codes are decoded with, in words. */
function surroundings(levels: readonly CodebookLevel[], number: number): string {
  const { rows } = levels[number]!;
  const [coarser, finer] = [rows > levels[0]!.rows, rows < levels.at(-1)!.rows];
  return `${coarser ? ", over a middle code of each coarser grid" : ""}${finer ? ", without finer grids" : ""}`;
}

/** Slices that hold most of a code, decoded, with its places marked. */
function Places({
  run: { entry, info },
  answer,
  levelNumber,
  code,
  model,
}: {
  readonly run: RunAnswer;
  readonly answer: CodebookAnswer;
  readonly levelNumber: number;
  readonly code: number;
  readonly model: Loaded<ReadyModel>;
}) {
  const level = answer.levels[levelNumber]!;
  const places = level.places[code]!;
  const slices = Array.from({ length: places.length / 2 }, (_, at) => ({
    index: places[2 * at]!,
    count: places[2 * at + 1]!,
  }));
  const ready = model.state === "here" ? model.value : undefined;
  const [decoded, setDecoded] = useState<{
    readonly code: number;
    readonly level: number;
    readonly grids: readonly Grids[];
    readonly images: readonly Float32Array[];
  }>();
  const url = fileUrl(entry.id, answer.path);
  useEffect(() => {
    if (ready === undefined || slices.length === 0) return;
    let wanted = true;
    (async () => {
      const grids = await ready.client.call("grids", { url, indices: slices.map(({ index }) => index) });
      const images = await ready.client.call("images", { grids });
      if (wanted) setDecoded({ code, level: levelNumber, grids, images });
    })().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [ready, url, code, levelNumber]);
  const [height, width] = info.data.size;
  if (slices.length === 0) return <p class="empty">It occurs in no slice of the test split.</p>;
  const here = decoded?.code === code && decoded.level === levelNumber ? decoded : undefined;
  return (
    <ul class="places">
      {slices.map(({ index, count }, at) => (
        <li key={index}>
          <div class="layers" style={{ aspectRatio: `${width} / ${height}` }}>
            {here !== undefined && (
              <>
                <Picture
                  values={here.images[at]!}
                  height={height}
                  width={width}
                  label={`${answer.names[index]}: its codes, decoded`}
                />
                <Marks
                  grid={here.grids[at]![levelNumber]!}
                  code={code}
                  rows={level.rows}
                  columns={level.columns}
                />
              </>
            )}
          </div>
          <span>
            {answer.names[index]}
            <small>{plural(count, "time")}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Marks({
  grid,
  code,
  rows,
  columns,
}: {
  readonly grid: Int32Array;
  readonly code: number;
  readonly rows: number;
  readonly columns: number;
}) {
  const squares = Array.from(grid.entries())
    .filter(([, cellCode]) => cellCode === code)
    .map(([cell]) => `M${cell % columns} ${Math.floor(cell / columns)}h1v1h-1z`);
  return (
    <svg class="layer marks" viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
      <path d={squares.join("")} />
    </svg>
  );
}
