import { decimals } from "@slicebook/runs/figures";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { plural, short } from "../format.ts";
import { MOST_ERROR } from "../run/reconstructions.tsx";
import { Choice, Field, Figure, Slider } from "../ui/controls.tsx";
import { LevelChoice } from "../ui/level-choice.tsx";
import { Notice } from "../ui/notice.tsx";
import { errorOf, HeatScale, Picture } from "../ui/picture.tsx";
import type { ReadyModel } from "../use-model.ts";
import { CallError, textOf } from "../worker/client.ts";
import type {
  Decoded,
  Encoded,
  Fit,
  Grids,
  OpenedModel,
  SampledPictures,
  ScanInfo,
} from "../worker/protocol.ts";
import { CodeGrid, type Tool } from "./code-grid.tsx";
import { codesDrawn, DrawingProgress, type Drawn } from "./drawing-progress.tsx";
import { DropZone, type GivenFile } from "./drop-zone.tsx";

type Plane = "0" | "1" | "2";

/** What is shown: a slice of a scan, as the model sees it. */
interface SliceView {
  readonly scan: ScanInfo;
  readonly plane: Plane;
  readonly index: number;
  readonly fit: Fit;
}

/** What went wrong, in words. */
interface Problem {
  readonly title: string;
  readonly text: string;
}

/** A scan of the reader's through the model: its codes, what they decode to, how likely they are; and drawing in them. */
export function ScanBench({
  run,
  model: { client, opened },
  file,
  onFile,
  over,
}: {
  readonly run: RunAnswer;
  readonly model: ReadyModel;
  /** The scan to look at. */
  readonly file: GivenFile | undefined;
  readonly onFile: (file: GivenFile) => void;
  /** Whether a file is held over the page. */
  readonly over: boolean;
}) {
  const [view, setView] = useState<SliceView>();
  const [encoded, setEncoded] = useState<Encoded>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState<string>();
  const [looking, setLooking] = useState(false);
  /** Counts what is asked for: of several files or slices that are asked for quickly, the last is what counts. */
  const wanted = useRef(0);

  /** Encodes the slice of a view. */
  const look = async (next: SliceView) => {
    const request = ++wanted.current;
    setView(next);
    setProblem(undefined);
    if (needsFit(next, opened)) {
      setEncoded(undefined);
      setLooking(false);
      return;
    }
    setLooking(true);
    try {
      const answer = await client.call("slice", {
        plane: Number(next.plane) as 0 | 1 | 2,
        index: next.index,
        fit: next.fit,
      });
      if (request !== wanted.current) return;
      setEncoded(answer);
    } catch (error) {
      if (request !== wanted.current) return;
      setEncoded(undefined);
      setProblem({ title: "This slice cannot be encoded", text: textOf(error) });
    }
    setLooking(false);
  };

  const open = async ({ content, name }: GivenFile) => {
    const request = ++wanted.current;
    setBusy(`Reading ${name} …`);
    setProblem(undefined);
    setEncoded(undefined);
    setView(undefined);
    try {
      const scan = await client.call("scan", { file: content, name });
      if (request !== wanted.current) return;
      setBusy(undefined);
      const index = scan.kind === "volume" ? Math.floor(scan.shape[2] / 2) : 0;
      await look({ scan, plane: "2", index, fit: view?.fit ?? "training" });
    } catch (error) {
      if (request !== wanted.current) return;
      setBusy(undefined);
      setProblem({ title: "The file cannot be read", text: textOf(error) });
    }
  };

  useEffect(() => {
    if (file !== undefined) void open(file);
  }, [file]);

  return (
    <>
      <DropZone
        run={run}
        opened={opened}
        onFile={onFile}
        over={over}
        busy={busy}
        compact={encoded !== undefined}
      />
      {problem !== undefined && <Notice kind="error" title={problem.title} text={problem.text} />}
      {view !== undefined && <ViewControls view={view} opened={opened} onChange={look} />}
      {view !== undefined && needsFit(view, opened) && (
        <FitChoice view={view} size={opened.size} onChoose={(fit) => look({ ...view, fit })} />
      )}
      {encoded !== undefined && view !== undefined && (
        // Until the slice that is asked for is here, the one before it is shown, and cannot be drawn in.
        <div aria-busy={looking} inert={looking}>
          <Bench key={view.scan.name} encoded={encoded} model={{ client, opened }} name={view.scan.name} />
        </div>
      )}
    </>
  );
}

function ViewControls({
  view,
  opened,
  onChange,
}: {
  readonly view: SliceView;
  readonly opened: OpenedModel;
  readonly onChange: (view: SliceView) => void;
}) {
  const { scan, plane, index, fit } = view;
  const [height, width] = opened.size;
  const slices = scan.kind === "volume" ? scan.shape[Number(plane)]! : 1;
  const shape = scan.kind === "volume" ? scan.shape.join(" × ") : `${scan.height} × ${scan.width}`;
  return (
    <div class="tools place">
      <p class="caption">
        <strong>{scan.name}</strong>, {shape}
      </p>
      {scan.kind === "volume" && (
        <>
          <Choice
            label="Plane across axis"
            options={(["0", "1", "2"] as const).map((value) => ({ value, text: value }))}
            value={plane}
            onChange={(next) =>
              onChange({ ...view, plane: next, index: Math.floor(scan.shape[Number(next)]! / 2) })
            }
          />
          <Slider
            label="Slice"
            value={index}
            max={slices - 1}
            text={`${index + 1} of ${slices}`}
            onInput={(next) => onChange({ ...view, index: next })}
          />
        </>
      )}
      <Field label={`To ${height} × ${width} px`}>
        <select
          value={fit}
          onChange={(event) => onChange({ ...view, fit: event.currentTarget.value as Fit })}
        >
          <option value="training">as in training ({opened.sizePolicy ?? "no other size"})</option>
          {FITS.map(({ fit: option }) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      </Field>
    </div>
  );
}

/** The ways to bring a slice to size, and what they do. */
const FITS = [
  { fit: "pad", text: "Pad it" },
  { fit: "crop", text: "Crop it" },
  { fit: "resize", text: "Resize it" },
] as const;

/** Asks how to bring a slice to the model's size, where training had no rule for it. */
function FitChoice({
  view,
  size: [height, width],
  onChoose,
}: {
  readonly view: SliceView;
  readonly size: readonly [number, number];
  readonly onChoose: (fit: Fit) => void;
}) {
  const [rows, columns] = sidesOf(view);
  const [larger, smaller] = [rows > height || columns > width, rows < height || columns < width];
  return (
    <Notice
      kind="hint"
      title={`This slice is ${rows} × ${columns} px, and the model takes ${height} × ${width} px`}
      text="Training had slices of that size only, and so has no rule for others: choose one."
    >
      <div class="tools">
        {FITS.filter(({ fit }) => !(fit === "pad" && larger) && !(fit === "crop" && smaller)).map(
          ({ fit, text }) => (
            <button key={fit} type="button" class="button" onClick={() => onChoose(fit)}>
              {text}
            </button>
          ),
        )}
      </div>
    </Notice>
  );
}

/** Whether the reader has to say how to bring a slice to the model's size. */
function needsFit(view: SliceView, { sizePolicy, size }: OpenedModel): boolean {
  const [rows, columns] = sidesOf(view);
  return view.fit === "training" && sizePolicy === null && (rows !== size[0] || columns !== size[1]);
}

/** Height and width of a slice as it is in its file. */
function sidesOf({ scan, plane }: SliceView): readonly [number, number] {
  if (scan.kind === "slice") return [scan.height, scan.width];
  const [rows, columns] = scan.shape.filter((_, axis) => axis !== Number(plane)) as [number, number];
  return [rows, columns];
}

/** What is drawn over a slice's own codes. */
interface Edit {
  readonly codes: Grids;
  readonly decoded: Decoded;
}

/** What is known of a mask while it is filled. */
interface Filled {
  readonly codes: Grids;
  /** 1 where a code is to be drawn, level by level. */
  readonly masks: readonly Uint8Array[];
  readonly drawn: Drawn;
  readonly pictures: SampledPictures | undefined;
}

function Bench({
  encoded,
  model: { client, opened },
  name,
}: {
  readonly encoded: Encoded;
  readonly model: ReadyModel;
  readonly name: string;
}) {
  const [height, width] = opened.size;
  const [levelNumber, setLevel] = useState(0);
  const level = opened.levels[levelNumber]!;
  const [edits, setEdits] = useOf<readonly Edit[]>(encoded, []);
  const { codes, decoded } = edits.at(-1) ?? encoded;
  /** The grid of a stroke that is not decoded yet. */
  const [stroke, setStroke] = useOf<Int32Array | undefined>(encoded, undefined);
  const noMasks = useMemo(() => emptyMasks(opened.levels), [opened]);
  const [masks, setMasks] = useOf<readonly Uint8Array[]>(encoded, noMasks);
  const [tool, setTool] = useState<Tool>("look");
  const [code, setCode] = useState(0);
  const [radius, setRadius] = useState(1);
  const [label, setLabel] = useState(0);
  const [likelihood, setLikelihood] = useState<{
    readonly of: unknown;
    readonly bits: readonly Float32Array[];
  }>();
  const [problem, setProblem] = useState<string>();
  const [filling, setFilling] = useState<AbortController>();
  const [filled, setFilled] = useOf<Filled | undefined>(encoded, undefined);
  const [seed, setSeed] = useState(0);
  const hasPrior = opened.prior === true;
  /** What the bits are asked for; those of other codes are not shown. */
  const asked = useMemo(() => ({ codes, label }), [codes, label]);
  const bits = likelihood?.of === asked ? likelihood.bits : undefined;

  useEffect(() => {
    if (!hasPrior) return;
    let wanted = true;
    client.call("likelihood", asked).then(
      (answer) => wanted && setLikelihood({ of: asked, bits: answer }),
      (error: unknown) => wanted && setProblem(textOf(error)),
    );
    return () => {
      wanted = false;
    };
  }, [client, asked, hasPrior]);

  // What is being filled in a slice is no longer wanted in another.
  useEffect(() => () => filling?.abort(), [encoded, filling]);

  const grid = stroke ?? (filled?.codes ?? codes)[levelNumber]!;
  /** While a mask is filled, what the levels that are done hold of the slice. */
  const coarse = filled?.pictures;
  const mask = masks[levelNumber]!;
  const masked = masks.some((levelMask) => levelMask.includes(1));
  const progress = filled && codesDrawn(opened.levels, filled.drawn, filled.masks);
  const decodeEdit = async (next: Grids) => {
    try {
      const answer = await client.call("decode", { codes: next });
      setEdits((before) => [...before, { codes: next, decoded: answer }]);
    } catch (error) {
      setProblem(textOf(error));
    }
    setStroke(undefined);
  };
  const onBrush = (cells: readonly number[], { erase }: { readonly erase: boolean }) => {
    if (tool === "mask") {
      setMasks((before) =>
        before.map((levelMask, index) => {
          if (index !== levelNumber) return levelMask;
          const next = levelMask.slice();
          for (const cell of cells) next[cell] = erase ? 0 : 1;
          return next;
        }),
      );
      return;
    }
    setStroke((before) => {
      const next = (before ?? codes[levelNumber]!).slice();
      for (const cell of cells) next[cell] = erase ? encoded.codes[levelNumber]![cell]! : code;
      return next;
    });
  };
  const onStroke = () => {
    setStroke((drawn) => {
      if (drawn !== undefined)
        void decodeEdit(codes.map((levelCodes, index) => (index === levelNumber ? drawn : levelCodes)));
      return drawn;
    });
  };

  const fill = async () => {
    const controller = new AbortController();
    setFilling(controller);
    setProblem(undefined);
    let growing: Grids = codes;
    const wanted = masksOfAll(masks, opened.levels);
    setFilled({ codes, masks: wanted, drawn: undefined, pictures: undefined });
    const known = wanted.map((levelMask) => levelMask.map((value) => 1 - value));
    try {
      const { grids } = await client.call(
        "sample",
        {
          seed,
          count: 1,
          ...opened.sampling,
          position: null,
          covariates: {},
          label: opened.classes.length === 0 ? null : label,
          given: { codes, known },
        },
        {
          signal: controller.signal,
          onEvent: (event) => {
            if ("pictures" in event) {
              setFilled((before) => before && { ...before, pictures: event.pictures });
              return;
            }
            const { level: drawnLevel, row, codes: drawn } = event.row;
            const { columns } = opened.levels[drawnLevel]!;
            // Of rows that are known as a whole there is nothing new to show.
            if (!wanted[drawnLevel]!.subarray(row * columns, (row + 1) * columns).includes(1)) return;
            const next = growing[drawnLevel]!.slice();
            next.set(drawn, row * columns);
            growing = growing.with(drawnLevel, next);
            setFilled((before) => before && { ...before, codes: growing, drawn: { level: drawnLevel, row } });
          },
        },
      );
      await decodeEdit(grids[0]!);
      setMasks(noMasks);
    } catch (error) {
      if (!(error instanceof CallError && error.cancelled)) setProblem(textOf(error));
    }
    setFilled(undefined);
    setFilling(undefined);
  };

  const total = bits?.reduce((sum, levelBits) => sum + levelBits.reduce((a, b) => a + b, 0), 0);
  const cells = opened.levels.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const mostBits = Math.log2(level.codes) + 3;
  return (
    <>
      <dl class="figures live" aria-live="polite">
        <Figure
          name="SSIM"
          value={decimals(decoded.ssim, 4)}
          detail={edits.length > 0 ? "with your changes" : "original against decoded"}
        />
        <Figure name="PSNR" value={decimals(decoded.psnr, 2)} unit="dB" />
        <Figure
          name="Bits per code"
          value={decimals(total === undefined ? undefined : total / cells, 2)}
          unit="bits"
          detail={hasPrior ? "by the prior" : "needs a prior"}
        />
        <Figure
          name="Bits per pixel"
          value={decimals(total === undefined ? undefined : total / (height * width), 3)}
          unit="bits"
        />
        <Figure
          name="Computed in"
          value={short(decoded.milliseconds)}
          unit="ms"
          detail={edits.length > 0 ? "decoding" : "encoding and decoding"}
        />
      </dl>
      {encoded.fitted !== null && (
        <p class="note">
          {encoded.fitted.height} × {encoded.fitted.width} px brought to {height} × {width} px (
          {encoded.fitted.policy}).
        </p>
      )}
      <div class="panes">
        <figure class="panel">
          <figcaption>Original</figcaption>
          <Picture values={encoded.original} height={height} width={width} label={`${name}: the original`} />
        </figure>
        <figure class="panel editor">
          <figcaption>Codes</figcaption>
          <CodeGrid
            codes={grid}
            rows={level.rows}
            columns={level.columns}
            colours={opened.colours[levelNumber]!}
            mask={mask}
            bits={bits?.[levelNumber]}
            tool={filling === undefined ? tool : "look"}
            radius={radius}
            onPick={setCode}
            onBrush={onBrush}
            onStroke={onStroke}
          />
        </figure>
        <figure class="panel">
          <figcaption>Decoded</figcaption>
          <Picture
            values={coarse?.images[0] ?? decoded.image}
            height={coarse?.size[0] ?? height}
            width={coarse?.size[1] ?? width}
            label={`${name}: its codes, decoded`}
          />
        </figure>
        <figure class="panel">
          <figcaption>
            Error <HeatScale from="0" to={String(MOST_ERROR)} />
          </figcaption>
          <Picture
            values={errorOf(encoded.original, decoded.image, MOST_ERROR)}
            height={height}
            width={width}
            colouring="heat"
            label={`${name}: the absolute error`}
          />
        </figure>
        {hasPrior && (
          <figure class="panel">
            <figcaption>
              Surprise <HeatScale from="0" to={`${Math.round(mostBits)} bits`} />
            </figcaption>
            <Picture
              values={
                bits === undefined
                  ? new Float32Array(level.rows * level.columns)
                  : bits[levelNumber]!.map((value) => value / mostBits)
              }
              height={level.rows}
              width={level.columns}
              colouring="heat"
              cells
              label={`${name}: bits of each code, given those before it`}
            />
          </figure>
        )}
      </div>
      <section class="panel drawing" aria-label="Drawing in the codes">
        <div class="tools">
          <Choice
            label="Tool"
            options={[
              { value: "look", text: "Look" },
              { value: "paint", text: "Paint" },
              { value: "mask", text: "Mask", disabled: !hasPrior },
            ]}
            value={tool}
            onChange={setTool}
          />
          <LevelChoice
            levels={opened.levels}
            value={levelNumber}
            onChange={(next) => {
              setLevel(next);
              setStroke(undefined);
              setCode(Math.min(code, opened.levels[next]!.codes - 1));
            }}
          />
          <Field label="Code">
            <span
              class="swatch"
              style={{ background: cssOf(opened.colours[levelNumber]![code] ?? 0) }}
              aria-hidden="true"
            />
            <input
              type="number"
              min={0}
              max={level.codes - 1}
              value={code}
              onInput={(event) => {
                const value = event.currentTarget.valueAsNumber;
                if (Number.isInteger(value) && value >= 0 && value < level.codes) setCode(value);
              }}
            />
          </Field>
          <Slider label="Brush" value={radius} max={6} text={`${2 * radius + 1} wide`} onInput={setRadius} />
          <button
            type="button"
            class="button"
            disabled={edits.length === 0}
            onClick={() => setEdits(edits.slice(0, -1))}
          >
            Undo
          </button>
          <button
            type="button"
            class="button"
            disabled={edits.length === 0 && !masked}
            onClick={() => {
              setEdits([]);
              setMasks(noMasks);
            }}
          >
            Reset
          </button>
        </div>
        {hasPrior ? (
          <div class="tools">
            {opened.classes.length > 0 && (
              <Field label="Class">
                <select value={label} onChange={(event) => setLabel(Number(event.currentTarget.value))}>
                  {opened.classes.map((className, number) => (
                    <option key={className} value={number}>
                      {className}
                    </option>
                  ))}
                </select>
              </Field>
            )}
            <Field label="Seed">
              <input
                type="number"
                min={0}
                value={seed}
                onInput={(event) => {
                  const value = event.currentTarget.valueAsNumber;
                  if (Number.isInteger(value) && value >= 0) setSeed(value);
                }}
              />
            </Field>
            {filling === undefined ? (
              <button type="button" class="button primary" disabled={!masked} onClick={fill}>
                Fill the mask
              </button>
            ) : (
              <button type="button" class="button" onClick={() => filling.abort()}>
                Stop
              </button>
            )}
            {progress !== undefined && <DrawingProgress codes={progress} />}
            <p class="note" role="status">
              {progress !== undefined
                ? `Filling: ${progress.done} of ${plural(progress.all, "code")}`
                : masked
                  ? "The prior draws the masked codes from all that lie before them."
                  : "Mask a region, and the prior fills it with what it finds likely."}
            </p>
          </div>
        ) : (
          <p class="note">Filling and likelihoods need a prior: {opened.prior}.</p>
        )}
      </section>
      {problem !== undefined && <Notice kind="error" title="That did not work" text={problem} />}
    </>
  );
}

/**
 * A state that belongs to one thing: for another it starts anew, and what still arrives for the one before is ignored.
 */
function useOf<T>(owner: object, initial: T): [T, (next: T | ((before: T) => T)) => void] {
  const [held, setHeld] = useState({ owner, value: initial });
  const current = useRef(owner);
  current.current = owner;
  const set = (next: T | ((before: T) => T)) => {
    if (current.current !== owner) return;
    setHeld((before) => {
      const value = before.owner === owner ? before.value : initial;
      return { owner, value: typeof next === "function" ? (next as (before: T) => T)(value) : next };
    });
  };
  return [held.owner === owner ? held.value : initial, set];
}

function emptyMasks(levels: ReadyModel["opened"]["levels"]): Uint8Array[] {
  return levels.map(({ rows, columns }) => new Uint8Array(rows * columns));
}

/**
 * What the masks of all levels cover together, on every level: under a masked code all finer ones, and of the coarser
 * ones those whose place is masked as a whole.
 */
function masksOfAll(masks: readonly Uint8Array[], levels: OpenedModel["levels"]): Uint8Array[] {
  const finest = levels.at(-1)!;
  /** The number of the code of a level at a cell of the finest. */
  const codeAt = (level: number, cell: number): number => {
    const { rows, columns } = levels[level]!;
    const row = Math.floor((Math.floor(cell / finest.columns) * rows) / finest.rows);
    return row * columns + Math.floor(((cell % finest.columns) * columns) / finest.columns);
  };
  const covered = Uint8Array.from({ length: finest.rows * finest.columns }, (_, cell) =>
    Number(masks.some((mask, level) => mask[codeAt(level, cell)] === 1)),
  );
  return masks.map((mask, level) => {
    const all = new Uint8Array(mask.length).fill(1);
    for (const [cell, masked] of covered.entries()) if (masked === 0) all[codeAt(level, cell)] = 0;
    return all;
  });
}

function cssOf(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}
