import { decimals } from "@slicebook/runs/figures";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Film as FilmFiles, RunAnswer } from "../../shared/answers.ts";
import { fileUrl, useLoaded } from "../data.ts";
import { plural } from "../format.ts";
import { Slider } from "../ui/controls.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { errorOf, HeatScale, Picture } from "../ui/picture.tsx";
import { loadStack, type Stack } from "../ui/stack.ts";
import { Thumbs } from "../ui/thumbs.tsx";
import { AtEqualBytes } from "./equal-bytes.tsx";

/** The error at which the map is at its brightest, as a part of the original's range. */
export const MOST_ERROR = 0.25;

export function Reconstructions({ run }: { readonly run: RunAnswer }) {
  const { pairs, equalBytes, film } = run.files;
  return (
    <>
      <h2>Slices of the test split</h2>
      {pairs === null ? (
        <p class="empty">They come with the evaluation: run `slicebook evaluate` for this run.</p>
      ) : (
        <TestPairs run={run} />
      )}
      {equalBytes !== null && (
        <>
          <h2>At equal bytes</h2>
          <AtEqualBytes run={run} pictures={equalBytes} />
        </>
      )}
      <h2>How it learned</h2>
      {film === null ? (
        <p class="empty">No pictures were kept of this training.</p>
      ) : (
        <Film run={run} film={film} />
      )}
    </>
  );
}

function TestPairs({ run: { entry, info, files } }: { readonly run: RunAnswer }) {
  const { originals, reconstructions, slices } = files.pairs!;
  const [height] = info.data.size;
  const loaded = useLoaded(
    () =>
      Promise.all(
        [originals, reconstructions].map((path) => loadStack(fileUrl(entry.id, path), height)),
      ) as Promise<[Stack, Stack]>,
    `${entry.id} ${info.stages.evaluate?.finished}`,
  );
  const [chosen, setChosen] = useState(0);
  if (loaded.state === "waiting") return <Waiting what="the slices" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The slices cannot be shown" text={loaded.reason} />;
  const [before, after] = loaded.value;
  const index = Math.min(chosen, before.count - 1);
  const { name, ssim } = slices[index]!;
  return (
    <div class="bench">
      <Wipe
        key={index}
        name={name}
        original={before.slices[index]!}
        reconstruction={after.slices[index]!}
        height={height}
        width={before.width}
      />
      <div>
        <p class="caption">
          <strong>{name}</strong>, SSIM {decimals(ssim, 3)}
        </p>
        <Thumbs
          label="Slices"
          stack={before}
          slices={slices.map(({ name, ssim }) => {
            const caption = decimals(ssim, 3);
            return { name, label: `${name}, SSIM ${caption}`, caption };
          })}
          chosen={index}
          onChoose={setChosen}
        />
        <p class="note">
          Each original's own range is mapped to [0, 1]; the same map is applied to its reconstruction.
        </p>
      </div>
    </div>
  );
}

const STOPS = ["Original", "Reconstruction", "Error"] as const;

/** A slice between its original, its reconstruction and the error: a slider fades from one to the next. */
function Wipe({
  name,
  original,
  reconstruction,
  height,
  width,
}: {
  readonly name: string;
  readonly original: Float32Array;
  readonly reconstruction: Float32Array;
  readonly height: number;
  readonly width: number;
}) {
  const [at, setAt] = useState(1);
  const error = errorOf(original, reconstruction, MOST_ERROR);
  const nearest = STOPS[Math.round(at)]!;
  return (
    <figure class="panel wipe">
      <div class="layers">
        <Picture values={original} height={height} width={width} label={`${name}: the original`} />
        <div class="layer" style={{ opacity: Math.min(1, at) }}>
          <Picture
            values={reconstruction}
            height={height}
            width={width}
            label={`${name}: its reconstruction`}
          />
        </div>
        <div class="layer" style={{ opacity: Math.max(0, at - 1) }}>
          <Picture
            values={error}
            height={height}
            width={width}
            colouring="heat"
            label={`${name}: the error`}
          />
        </div>
      </div>
      <Slider
        label="Original, reconstruction, error"
        value={at}
        max={2}
        step={0.05}
        text={nearest}
        onInput={setAt}
      />
      <div class="stops">
        {STOPS.map((stop, index) => (
          <button key={stop} type="button" aria-pressed={at === index} onClick={() => setAt(index)}>
            {stop}
          </button>
        ))}
      </div>
      <HeatScale from="error 0" to={`${MOST_ERROR} of the range`} />
    </figure>
  );
}

/** Frames a second. */
const PACE = 5;

/** The same validation slices under their originals, reconstructed ever better. */
function Film({
  run: { entry, info, metrics },
  film,
}: {
  readonly run: RunAnswer;
  readonly film: FilmFiles;
}) {
  const [height] = info.data.size;
  const count = film.frames.length;
  const loaded = useLoaded(
    () =>
      Promise.all(
        [film.originals, ...film.frames.map(({ path }) => path)].map((path) =>
          loadStack(fileUrl(entry.id, path), height),
        ),
      ),
    `${entry.id} ${count}`,
  );
  const [frame, setFrame] = useState(count - 1);
  const [playing, setPlaying] = useState(false);
  const atEnd = useRef(true);
  useEffect(() => {
    // While a run trains, whoever looks at the last picture sees the next one.
    if (atEnd.current) setFrame(count - 1);
  }, [count]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setFrame((before) => (before + 1) % count), 1000 / PACE);
    return () => clearInterval(timer);
  }, [playing, count]);
  if (loaded.state === "waiting") return <Waiting what="the film" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The film cannot be shown" text={loaded.reason} />;
  const [originals, ...frames] = loaded.value as [Stack, ...Stack[]];
  const shown = Math.min(frame, frames.length - 1);
  atEnd.current = shown === frames.length - 1;
  const { step } = film.frames[shown]!;
  const validated = metrics.find((row) => row.stage === "train" && row.step === step && row.validation);
  const ssim = validated?.validation?.ssim?.mean;
  const text = `step ${step.toLocaleString("en")}${ssim === undefined ? "" : `, SSIM ${decimals(ssim, 3)}`}`;
  return (
    <figure class="panel film">
      <div class="strip">
        {originals.slices.map((slice, index) => (
          <div key={index}>
            <Picture
              values={slice}
              height={height}
              width={originals.width}
              label={`Validation slice ${index + 1}`}
            />
            <Picture
              values={frames[shown]!.slices[index]!}
              height={height}
              width={originals.width}
              label={`Slice ${index + 1} reconstructed at ${text}`}
            />
          </div>
        ))}
      </div>
      <div class="tools">
        <button type="button" class="button" onClick={() => setPlaying(!playing)} disabled={count < 2}>
          {playing ? "Pause" : "Play"}
        </button>
        <Slider
          label="Picture"
          value={shown}
          max={Math.max(count - 1, 1)}
          text={text}
          onInput={(value) => {
            setPlaying(false);
            setFrame(value);
          }}
          disabled={count < 2}
        />
      </div>
      <figcaption>
        {plural(originals.count, "validation slice")}, originals above, reconstructions below, as training
        went on.
      </figcaption>
    </figure>
  );
}
