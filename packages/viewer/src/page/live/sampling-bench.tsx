import type { CovariateValues } from "@slicebook/datasets";
import { useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { messageOf } from "../data.ts";
import { plural, short } from "../format.ts";
import { Choice, Field, Slider } from "../ui/controls.tsx";
import { LevelChoice } from "../ui/level-choice.tsx";
import { Notice } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import type { ReadyModel } from "../use-model.ts";
import { CallError } from "../worker/client.ts";
import type { Sampled, SampledPictures } from "../worker/protocol.ts";
import { CovariateChoice } from "./covariate-choice.tsx";
import { codesDrawn, DrawingProgress, type Drawn, progressText } from "./drawing-progress.tsx";

/** Grids while they grow: for each sample and level the codes, −1 where none is drawn yet. */
type Growing = readonly (readonly Int32Array[])[];

/** Left of the first slice, on a slider in steps of 0.05. */
const ANYWHERE = -0.05;

/** Draws new slices: their codes appear row by row, and with each level that is done their pictures sharpen. */
export function SamplingBench({
  run,
  model: { client, opened },
}: {
  readonly run: RunAnswer;
  readonly model: ReadyModel;
}) {
  const [count, setCount] = useState(4);
  const [seed, setSeed] = useState(0);
  const [temperature, setTemperature] = useState(startOf(opened.sampling.temperature));
  const [topP, setTopP] = useState(startOf(opened.sampling.topP));
  const [label, setLabel] = useState("");
  const [position, setPosition] = useState(ANYWHERE);
  const [covariates, setCovariates] = useState<CovariateValues>({});
  const [guidance, setGuidance] = useState(opened.sampling.guidance);
  const [shown, setShown] = useState<"slices" | "codes">("slices");
  const [levelNumber, setLevel] = useState(opened.levels.length - 1);
  const [growing, setGrowing] = useState<Growing>();
  const [pictures, setPictures] = useState<SampledPictures>();
  const [sampled, setSampled] = useState<Sampled>();
  const [drawing, setDrawing] = useState<AbortController>();
  const [drawn, setDrawn] = useState<Drawn>();
  const [problem, setProblem] = useState<string>();
  const [height, width] = opened.size;
  const temperatures = scaled(opened.sampling.temperature, temperature);
  const topPs = scaled(opened.sampling.topP, topP);
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
    setPictures(undefined);
    setProblem(undefined);
    setDrawn(undefined);
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
          temperature: temperatures,
          topP: topPs,
          label: label === "" ? null : Number(label),
          position: position === ANYWHERE ? null : position,
          covariates,
          guidance,
          given: null,
        },
        {
          signal: controller.signal,
          onEvent: (event) => {
            if ("pictures" in event) {
              setPictures(event.pictures);
              return;
            }
            const { level, row, first, codes } = event.row;
            const { columns } = opened.levels[level]!;
            for (let index = 0; index < codes.length / columns; index++) {
              const grid = grids[first + index]![level]!.slice();
              grid.set(codes.subarray(index * columns, (index + 1) * columns), row * columns);
              grids[first + index]![level] = grid;
            }
            setGrowing(grids.map((levels) => [...levels]));
            setDrawn({ level, row });
          },
        },
      );
      setSampled(answer);
      setPictures({ size: opened.size, images: answer.images });
    } catch (error) {
      if (!(error instanceof CallError && error.cancelled)) setProblem(messageOf(error));
    }
    setDrawing(undefined);
  };

  // Until there is a picture, the codes that it comes from are seen.
  const seen = shown === "codes" ? levelNumber : (drawn?.level ?? 0);
  const { rows: gridRows, columns } = opened.levels[seen]!;
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
              {opened.classes.map((name, number) => (
                <option key={name} value={number}>
                  {name}
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
        {opened.covariates.map((covariate) => (
          <CovariateChoice
            key={covariate.name}
            covariate={covariate}
            value={covariates[covariate.name]}
            onChange={(value) => {
              const { [covariate.name]: _, ...others } = covariates;
              setCovariates(value === undefined ? others : { ...others, [covariate.name]: value });
            }}
          />
        ))}
        {opened.guidable && (
          <Slider
            label="Guidance"
            value={guidance}
            min={0}
            max={Math.max(5, guidance)}
            step={0.25}
            text={guidance === 1 ? "none" : guidance.toFixed(2)}
            onInput={setGuidance}
          />
        )}
        <Slider label="Slices" value={count} min={1} max={16} text={String(count)} onInput={setCount} />
        <Slider
          label="Temperature"
          value={temperature}
          min={0.1}
          max={Math.max(2, temperature)}
          step={0.01}
          text={levelsText(temperatures)}
          onInput={setTemperature}
        />
        <Slider
          label="Top p"
          value={topP}
          min={0.05}
          max={1}
          step={0.01}
          text={topPs.every((one) => one === 1) ? "all codes" : levelsText(topPs)}
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
            ? `Drawing: ${progressText(opened.levels, drawn)}`
            : sampled === undefined
              ? "The same seed draws the same slices, here as on the command line."
              : `${plural(sampled.images.length, "slice")} in ${short(sampled.seconds)} s, ` +
                `${short(sampled.seconds / sampled.images.length)} s each`}
        </p>
        {drawing !== undefined && <DrawingProgress codes={codesDrawn(opened.levels, drawn)} />}
        {growing !== undefined && (
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
        {growing !== undefined && shown === "codes" && (
          <LevelChoice levels={opened.levels} value={levelNumber} onChange={setLevel} />
        )}
      </div>
      {growing !== undefined && (
        <ul class="drawn">
          {growing.map((levels, index) => {
            const name = `Sample ${index + 1}`;
            const drawnLabel = sampled?.labels[index];
            const className = opened.classes[drawnLabel ?? -1];
            const known = Object.entries(sampled?.covariates[index] ?? {});
            return (
              <li key={index}>
                {pictures !== undefined && shown === "slices" ? (
                  <Picture
                    values={pictures.images[index]!}
                    height={pictures.size[0]}
                    width={pictures.size[1]}
                    label={sampled === undefined ? `${name}, at ${pictures.size.join(" × ")} px` : name}
                  />
                ) : (
                  <div style={{ aspectRatio: `${width} / ${height}` }} class="layers">
                    <Picture
                      values={levels[seen]!}
                      height={gridRows}
                      width={columns}
                      colouring={opened.colours[seen]!}
                      label={`${name}: its codes`}
                      cells
                    />
                  </div>
                )}
                <span>
                  {index + 1}
                  {className !== undefined && <small>{className}</small>}
                  {known.map(([name, value]) => (
                    <small key={name}>
                      {name} {value}
                    </small>
                  ))}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

/** Where a slider starts: at what the run samples with, or where that differs by level at 1, which scales it. */
function startOf(configured: readonly number[]): number {
  return differs(configured) ? 1 : configured[0]!;
}

/** What a slider says for each level. */
function scaled(configured: readonly number[], value: number): number[] {
  return configured.map((setting) => (differs(configured) ? setting * value : value));
}

function differs(configured: readonly number[]): boolean {
  return configured.some((setting) => setting !== configured[0]);
}

/** One number, or that of each level. */
function levelsText(values: readonly number[]): string {
  return (differs(values) ? values : values.slice(0, 1)).map((value) => value.toFixed(2)).join(" · ");
}
