import { useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { messageOf } from "../data.ts";
import { plural, short } from "../format.ts";
import { Choice, Field, Slider } from "../ui/controls.tsx";
import { Notice } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import type { ReadyModel } from "../use-model.ts";
import { CallError } from "../worker/client.ts";
import type { Sampled } from "../worker/protocol.ts";

/** Grids while they grow: for each sample and level the codes, −1 where none is drawn yet. */
type Growing = readonly (readonly Int32Array[])[];

/** Left of the first slice, on a slider in steps of 0.05. */
const ANYWHERE = -0.05;

/** Draws new slices, whose codes appear row by row. */
export function SamplingBench({
  run,
  model: { client, opened },
}: {
  readonly run: RunAnswer;
  readonly model: ReadyModel;
}) {
  const [count, setCount] = useState(4);
  const [seed, setSeed] = useState(0);
  const [temperature, setTemperature] = useState(1);
  const [topP, setTopP] = useState(1);
  const [label, setLabel] = useState("");
  const [position, setPosition] = useState(ANYWHERE);
  const [shown, setShown] = useState<"slices" | "codes">("slices");
  const [growing, setGrowing] = useState<Growing>();
  const [sampled, setSampled] = useState<Sampled>();
  const [drawing, setDrawing] = useState<AbortController>();
  const [rows, setRows] = useState(0);
  const [problem, setProblem] = useState<string>();
  const [height, width] = opened.size;
  const allRows = opened.levels.reduce((sum, level) => sum + level.rows, 0);
  if (opened.prior !== true) {
    return (
      <p class="empty">
        Drawing needs a prior: {opened.prior}. Train one with `slicebook train-prior` for {run.entry.id}.
      </p>
    );
  }

  const draw = async () => {
    const controller = new AbortController();
    setDrawing(controller);
    setSampled(undefined);
    setProblem(undefined);
    setRows(0);
    const grids = Array.from({ length: count }, () =>
      opened.levels.map((level) => new Int32Array(level.rows * level.columns).fill(-1)),
    );
    setGrowing(grids);
    try {
      const answer = await client.call(
        "sample",
        {
          seed,
          count,
          temperature,
          topP: topP === 1 ? null : topP,
          label: label === "" ? null : Number(label),
          position: position === ANYWHERE ? null : position,
          given: null,
        },
        {
          signal: controller.signal,
          onRow: ({ level, row, first, codes }) => {
            const { columns } = opened.levels[level]!;
            for (let place = 0; place < codes.length / columns; place++) {
              const own = grids[first + place]![level]!.slice();
              own.set(codes.subarray(place * columns, (place + 1) * columns), row * columns);
              grids[first + place]![level] = own;
            }
            setGrowing(grids.map((levels) => [...levels]));
            setRows((before) => before + 1);
          },
        },
      );
      setSampled(answer);
    } catch (error) {
      if (!(error instanceof CallError && error.cancelled)) setProblem(messageOf(error));
    }
    setDrawing(undefined);
  };

  // The finest level shows most.
  const finest = opened.levels.length - 1;
  const { rows: gridRows, columns } = opened.levels[finest]!;
  return (
    <>
      <form
        class="tools panel"
        aria-label="What to draw"
        onSubmit={(event) => {
          event.preventDefault();
          void draw();
        }}
      >
        <Field label="Seed">
          <input
            type="number"
            min={0}
            max={2 ** 32 - 1}
            value={seed}
            onInput={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isInteger(value) && value >= 0) setSeed(value);
            }}
          />
        </Field>
        {opened.classes.length > 0 && (
          <Field label="Class">
            <select value={label} onChange={(event) => setLabel(event.currentTarget.value)}>
              <option value="">each in turn</option>
              {opened.classes.map((own, number) => (
                <option key={own} value={number}>
                  {own}
                </option>
              ))}
            </select>
          </Field>
        )}
        {opened.slicePosition && (
          <Slider
            label="Place in the scan"
            value={position}
            min={ANYWHERE}
            max={1}
            step={0.05}
            text={position === ANYWHERE ? "anywhere" : `${Math.round(position * 100)} %`}
            onInput={setPosition}
          />
        )}
        <Slider label="Slices" value={count} min={1} max={16} text={String(count)} onInput={setCount} />
        <Slider
          label="Temperature"
          value={temperature}
          min={0.1}
          max={2}
          step={0.05}
          text={temperature.toFixed(2)}
          onInput={setTemperature}
        />
        <Slider
          label="Top p"
          value={topP}
          min={0.05}
          max={1}
          step={0.05}
          text={topP === 1 ? "all codes" : topP.toFixed(2)}
          onInput={setTopP}
        />
        {drawing === undefined ? (
          <button type="submit" class="button primary">
            Draw
          </button>
        ) : (
          <button type="button" class="button" onClick={() => drawing.abort()}>
            Stop
          </button>
        )}
      </form>
      {problem !== undefined && <Notice kind="error" title="Nothing could be drawn" text={problem} />}
      <div class="tools">
        <p class="caption" role="status">
          {drawing !== undefined
            ? `Drawing: row ${Math.min(rows, allRows)} of ${allRows}`
            : sampled === undefined
              ? "The same seed draws the same slices, here as on the command line."
              : `${plural(sampled.images.length, "slice")} in ${short(sampled.seconds)} s, ` +
                `${short(sampled.seconds / sampled.images.length)} s each`}
        </p>
        {sampled !== undefined && (
          <Choice
            label="Show"
            options={[
              { value: "slices", text: "Slices" },
              { value: "codes", text: "Codes" },
            ]}
            value={shown}
            onChange={setShown}
          />
        )}
      </div>
      {growing !== undefined && (
        <ul class="drawn">
          {growing.map((levels, index) => {
            const name = `Sample ${index + 1}`;
            const own = sampled?.labels[index];
            const className = opened.classes[own ?? -1];
            return (
              <li key={index}>
                {sampled !== undefined && shown === "slices" ? (
                  <Picture values={sampled.images[index]!} height={height} width={width} label={name} />
                ) : (
                  <div style={{ aspectRatio: `${width} / ${height}` }} class="layers">
                    <Picture
                      values={levels[finest]!}
                      height={gridRows}
                      width={columns}
                      colouring={opened.colours[finest]!}
                      label={`${name}: its codes`}
                      cells
                    />
                  </div>
                )}
                <span>
                  {index + 1}
                  {className !== undefined && <small>{className}</small>}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
