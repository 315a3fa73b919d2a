import { baselineName } from "@slicebook/report/evaluation-tables";
import { decimals, figureText, SLICE_FIGURES, withUnit } from "@slicebook/runs/figures";
import { useState } from "preact/hooks";
import type { EqualBytesPictures, RunAnswer } from "../../shared/answers.ts";
import { fileUrl, useLoaded } from "../data.ts";
import { percent, plural } from "../format.ts";
import { Choice, Slider } from "../ui/controls.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import { loadStack, type Stack } from "../ui/stack.ts";
import { Thumbs } from "../ui/thumbs.tsx";

type Way = EqualBytesPictures["ways"][number];

/** Test slices by the model and by an image format in as many bytes, each divided from the original at the same place. */
export function AtEqualBytes({
  run: { entry, info },
  pictures: { originals, slices, ways },
}: {
  readonly run: RunAnswer;
  readonly pictures: EqualBytesPictures;
}) {
  const [model, ...rivals] = ways as readonly [Way, ...Way[]];
  const [height] = info.data.size;
  const loaded = useLoaded(
    () =>
      Promise.all(
        [originals, ...ways.map(({ picture }) => picture)].map((path) =>
          loadStack(fileUrl(entry.id, path), height),
        ),
      ),
    `${entry.id} ${info.stages.evaluate?.finished}`,
  );
  const [chosen, setChosen] = useState(0);
  const [rival, setRival] = useState(rivals.at(-1)!.name); // the newest format
  const [divider, setDivider] = useState(50);
  if (loaded.state === "waiting") return <Waiting what="the slices" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The slices cannot be shown" text={loaded.reason} />;
  const [before, ...after] = loaded.value as [Stack, ...Stack[]];
  const { name } = slices[chosen]!;
  const other = rivals.findIndex((way) => way.name === rival);
  const shown = [
    { way: model, stack: after[0]! },
    { way: rivals[other]!, stack: after[1 + other]! },
  ];
  const larger = rivals.filter((way) => way.slices[chosen]!.bytes > model.slices[chosen]!.bytes);
  return (
    <div class="bench wide equal">
      <div>
        <div class="halves">
          {shown.map(({ way, stack }) => (
            <Divided
              key={way.name}
              name={name}
              way={way}
              slice={chosen}
              original={before.slices[chosen]!}
              coded={stack.slices[chosen]!}
              height={height}
              width={before.width}
              divider={divider}
              onDivide={setDivider}
            />
          ))}
        </div>
        <Slider
          label="Original up to"
          value={divider}
          max={100}
          text={percent(divider / 100)}
          onInput={setDivider}
        />
      </div>
      <div>
        <div class="tools">
          <Choice
            label="Beside"
            options={rivals.map((way) => ({ value: way.name, text: baselineName(way) }))}
            value={rival}
            onChange={setRival}
          />
        </div>
        <Figures
          ways={ways}
          slice={chosen}
          shown={shown.map(({ way }) => way.name)}
          size={[height, before.width]}
        />
        <Thumbs
          label="Slices at equal bytes"
          stack={before}
          slices={slices.map(({ name }) => ({ name, label: name, caption: name }))}
          chosen={chosen}
          onChoose={setChosen}
        />
        {larger.length > 0 && (
          <p class="note">
            Not equal: of this slice even the smallest file of {namesOf(larger)} takes more bytes than this
            model's.
          </p>
        )}
        <p class="note">
          Whole files count, headers included: this model's as <code>slicebook compress --coding tables</code>{" "}
          writes them (by a well-trained prior they are smaller), of the image formats the highest quality
          that takes no more bytes. Originals count 8 bits a pixel.
        </p>
      </div>
    </div>
  );
}

/** `JPEG, WebP and AVIF` */
function namesOf(ways: readonly Way[]): string {
  return new Intl.ListFormat("en-GB").format(ways.map(baselineName));
}

/** A slice whose original is seen left of the divider, and right of it what is left of it when it was coded. */
function Divided({
  name,
  way,
  slice,
  original,
  coded,
  height,
  width,
  divider,
  onDivide,
}: {
  readonly name: string;
  readonly way: Way;
  readonly slice: number;
  readonly original: Float32Array;
  readonly coded: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Percent of the width. */
  readonly divider: number;
  readonly onDivide: (divider: number) => void;
}) {
  const { bytes, ssim, psnr } = way.slices[slice]!;
  const divide = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    onDivide(Math.round(Math.max(0, Math.min(100, (100 * (event.clientX - left)) / width))));
  };
  return (
    <figure class="panel">
      <figcaption>
        <span>Original</span>
        <strong>{baselineName(way)}</strong>
      </figcaption>
      {/* The slider below does the same by keyboard. */}
      <div
        class="layers divided"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          divide(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) divide(event);
        }}
      >
        <Picture values={original} height={height} width={width} label={`${name}: the original`} />
        <div class="layer" style={{ clipPath: `inset(0 0 0 ${divider}%)` }}>
          <Picture values={coded} height={height} width={width} label={`${name}: by ${baselineName(way)}`} />
        </div>
        <div class="divider" style={{ left: `${divider}%` }} />
      </div>
      <p class="caption">
        {plural(bytes, "byte")}, SSIM {figureText(SLICE_FIGURES.ssim, ssim)},{" "}
        {figureText(SLICE_FIGURES.psnr, psnr)}
        {"\u00a0"}dB
      </p>
    </figure>
  );
}

/** What each way takes of a slice, and how like the original it is. */
function Figures({
  ways,
  slice,
  shown,
  size: [height, width],
}: {
  readonly ways: readonly Way[];
  readonly slice: number;
  /** Names of those that are seen. */
  readonly shown: readonly string[];
  readonly size: readonly [number, number];
}) {
  const most = ways[0]!.slices[slice]!.bytes;
  const bits = (bytes: number) => decimals((8 * bytes) / (height * width), 3);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" aria-label="Figures at equal bytes" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Coded by</th>
            {["Bytes", "Bits per pixel", withUnit(SLICE_FIGURES.ssim), withUnit(SLICE_FIGURES.psnr)].map(
              (title) => (
                <th key={title} scope="col" class="number">
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Original</th>
            <td class="number">{(height * width).toLocaleString("en")}</td>
            <td class="number">{bits(height * width)}</td>
            <td class="number">{figureText(SLICE_FIGURES.ssim, 1)}</td>
            <td class="number">∞</td>
          </tr>
          {ways.map((way) => {
            const { bytes, ssim, psnr } = way.slices[slice]!;
            return (
              <tr key={way.name} class={shown.includes(way.name) ? "seen" : ""}>
                <th scope="row">{baselineName(way)}</th>
                <td class={bytes > most ? "number more" : "number"}>{bytes.toLocaleString("en")}</td>
                <td class="number">{bits(bytes)}</td>
                <td class="number">{figureText(SLICE_FIGURES.ssim, ssim)}</td>
                <td class="number">{figureText(SLICE_FIGURES.psnr, psnr)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
