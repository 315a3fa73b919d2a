import { useEffect, useState } from "preact/hooks";
import type { CodebookAnswer, CodebookLevel, RunAnswer } from "../../shared/answers.ts";
import { fetchJson, fileUrl, type Loaded, messageOf, useLoaded } from "../data.ts";
import { fixed, percent, plural } from "../format.ts";
import { EngineLine } from "../live/engine-line.tsx";
import { Choice } from "../ui/controls.tsx";
import { LevelChoice } from "../ui/level-choice.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import { type ReadyModel, useModel } from "../use-model.ts";
import type { Grids } from "../worker/protocol.ts";

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
  const codes = Array.from(level.counts.keys());
  if (order === "use") codes.sort((a, b) => level.counts[b]! - level.counts[a]!);
  const code = chosen ?? codes[0]!;
  const model = useModel(run);
  const patches = usePatches(model, levelNumber);
  return (
    <>
      <div class="head">
        <p class="lead">
          {used} of {plural(level.codes, "code")} occur in {plural(answer.slices, "test slice")} of{" "}
          {level.rows} × {level.columns} codes each; perplexity {fixed(perplexity(level.counts), 1)}.
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
      {model.state === "here" && <EngineLine opened={model.value.opened} />}
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
            patches={patches}
            total={total}
          />
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

function perplexity(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const nats = counts.reduce(
    (sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log(count / total)),
    0,
  );
  return Math.exp(nats);
}

/** How often each code occurs; the codes themselves are chosen below, among their pictures. */
function Histogram({
  level: { counts },
  codes,
  chosen,
  onChoose,
}: {
  readonly level: CodebookLevel;
  readonly codes: readonly number[];
  readonly chosen: number;
  readonly onChoose: (code: number) => void;
}) {
  const [hover, setHover] = useState<number>();
  const most = Math.max(...counts, 1);
  const shown = hover ?? chosen;
  const at = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const place = Math.floor(((event.clientX - left) / width) * codes.length);
    return codes[Math.min(codes.length - 1, Math.max(0, place))]!;
  };
  return (
    <figure class="panel usage">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same choice is made by keyboard among the pictures below */}
      <svg
        viewBox={`0 0 ${codes.length} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`How often each of ${codes.length} codes occurs; the most used one ${most.toLocaleString("en")} times`}
        onMouseMove={(event) => setHover(at(event))}
        onMouseLeave={() => setHover(undefined)}
        onClick={(event) => onChoose(at(event))}
      >
        {codes.map((code, place) => {
          const height = (100 * counts[code]!) / most;
          return (
            <rect
              key={code}
              x={place + 0.08}
              y={100 - height}
              width={0.84}
              height={height}
              class={code === shown ? "bar chosen" : "bar"}
            />
          );
        })}
      </svg>
      <figcaption>
        Code {shown}: {counts[shown]!.toLocaleString("en")} times
      </figcaption>
    </figure>
  );
}

interface Patches {
  readonly side: number;
  readonly patches: readonly Float32Array[];
}

function usePatches(model: Loaded<ReadyModel>, level: number): Loaded<Patches> {
  const ready = model.state === "here" ? model.value : undefined;
  const [found, setFound] = useState<{ readonly level: number; readonly patches: Loaded<Patches> }>();
  useEffect(() => {
    if (ready === undefined) return;
    let wanted = true;
    ready.client.call("patches", { level }).then(
      (value) => wanted && setFound({ level, patches: { state: "here", value } }),
      (error: unknown) =>
        wanted && setFound({ level, patches: { state: "failed", reason: messageOf(error) } }),
    );
    return () => {
      wanted = false;
    };
  }, [ready, level]);
  // Those of another level are not shown: it may have other codes.
  return found?.level === level ? found.patches : { state: "waiting" };
}

/** What a level's codes are decoded with, in words. */
function surroundings(levels: readonly CodebookLevel[], number: number): string {
  const { rows } = levels[number]!;
  const [coarser, finer] = [rows > levels[0]!.rows, rows < levels.at(-1)!.rows];
  return `${coarser ? ", over a middle code of each coarser grid" : ""}${finer ? ", without finer grids" : ""}`;
}

function Atlas({
  level,
  codes,
  chosen,
  onChoose,
  patches,
  total,
}: {
  readonly level: CodebookLevel;
  readonly codes: readonly number[];
  readonly chosen: number;
  readonly onChoose: (code: number) => void;
  readonly patches: Loaded<Patches>;
  readonly total: number;
}) {
  if (patches.state === "failed")
    return <Notice kind="error" title="The codes cannot be decoded" text={patches.reason} />;
  return (
    <fieldset class="atlas" aria-label="Codes, each decoded">
      {codes.map((code) => {
        const count = level.counts[code]!;
        const patch = patches.state === "here" ? patches.value.patches[code] : undefined;
        return (
          <button
            key={code}
            type="button"
            class={count === 0 ? "unused" : ""}
            aria-pressed={code === chosen}
            aria-label={`Code ${code}, ${plural(count, "occurrence")}`}
            title={`Code ${code}: ${plural(count, "occurrence")}, ${percent(count / Math.max(total, 1), 2)}`}
            onClick={() => onChoose(code)}
          >
            {patch === undefined ? (
              <span class="blank" />
            ) : (
              <Picture
                values={patch}
                height={Math.sqrt(patch.length)}
                width={Math.sqrt(patch.length)}
                label=""
                cells
              />
            )}
          </button>
        );
      })}
    </fieldset>
  );
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
  const [found, setFound] = useState<{
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
      if (wanted) setFound({ code, level: levelNumber, grids, images });
    })().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [ready, url, code, levelNumber]);
  const [height, width] = info.data.size;
  if (slices.length === 0) return <p class="empty">It occurs in no slice of the test split.</p>;
  const here = found?.code === code && found.level === levelNumber ? found : undefined;
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
  const cells = Array.from(grid.entries()).filter(([, own]) => own === code);
  return (
    <svg class="layer marks" viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
      {cells.map(([cell]) => (
        <rect key={cell} x={cell % columns} y={Math.floor(cell / columns)} width="1" height="1" />
      ))}
    </svg>
  );
}
