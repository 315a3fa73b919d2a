import type { Event } from "@slicebook/session";
import { SingleBar } from "cli-progress";
import { formatDuration, formatNumber } from "./format.ts";
import { paint } from "./paint.ts";
import { printable } from "./printable.ts";

type Progress = Extract<Event, { type: "progress" }>;

/** Shows what happens, on standard error, so that standard output stays for results. */
export interface Display {
  show(event: Event): void;
  /** Writes a line of its own, above the bar if there is one. */
  line(text: string): void;
  /** Takes the bar away and gives the terminal back as it was. */
  close(): void;
}

/** Where a display writes: standard error, or a test's stream. */
export type DisplayStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Taken for the width of a terminal that does not tell its own. */
const USUAL_COLUMNS = 80;

/** What the bar shows. */
interface BarState {
  readonly fraction: number;
  readonly name: string;
  readonly parts: readonly Part[];
}

/** A part of the line of progress. */
interface Part {
  readonly text: string;
  /** Left out first where the terminal is narrow: the highest; 0: never. */
  readonly rank: number;
}

/** Metrics worth a place on the line, in this order, and what they are called there. */
const shownMetrics: readonly (readonly [string, string])[] = [
  ["loss", "loss"],
  ["ssim", "SSIM"],
  ["perplexity", "perplexity"],
  ["bitsPerCode", "bits/code"],
  ["validationBitsPerCode", "validation bits/code"],
  ["accuracy", "accuracy"],
];

/** Seconds between two plain lines of the same stage, and the least between an epoch's line and the one before. */
const plainInterval = 10;
const epochInterval = 2;

/**
 * A bar that moves on a terminal; timestamped lines, at most about one in ten seconds, elsewhere (a file, CI, `TERM=dumb`).
 *
 * Quiet, it shows warnings only. Colours follow `NO_COLOR` and `FORCE_COLOR`.
 */
export function createDisplay(options: {
  readonly quiet: boolean;
  readonly stream?: DisplayStream;
  readonly now?: () => Date;
  /** Bytes of memory that the process takes, its worker's included. */
  readonly memory?: () => number;
}): Display {
  const { quiet, stream = process.stderr, now = () => new Date() } = options;
  const { memory = () => process.memoryUsage.rss() } = options;
  const live = stream.isTTY === true && process.env.TERM !== "dumb";
  let bar: SingleBar | undefined;
  let shown: BarState | undefined;
  let lastPlain = now().getTime() / 1000;
  let closed = false;

  function line(text: string): void {
    hideBar();
    stream.write(`${live ? "" : `${clock(now())}  `}${text}\n`);
    if (shown !== undefined) drawLive(shown);
  }

  function drawLive(state: BarState): void {
    // What the worker still tells while it saves is not drawn over what is printed since.
    if (closed) return;
    shown = state;
    if (bar === undefined) {
      bar = new SingleBar({
        stream,
        hideCursor: true,
        clearOnComplete: true,
        fps: 10,
        format: (_options, { progress }, { name, parts }: BarState) => {
          const columns = stream.columns || USUAL_COLUMNS;
          const bar = drawBar(progress, columns < WIDE ? NARROW_BAR : WIDE_BAR);
          const start = `  ${name.padEnd(NAME)} ${bar} `;
          const text = fitted(parts, columns - ECHO - start.length);
          return `${start.replace(name, paint("cyan", name, stream))}${text}`;
        },
      });
      bar.start(1, state.fraction, state);
    } else bar.update(state.fraction, state);
  }

  function hideBar(): void {
    bar?.stop();
    bar = undefined;
  }

  function showProgress(progress: Progress): void {
    const { stage, fraction } = progress;
    const parts = describe(progress, memory);
    if (live) drawLive({ fraction, name: stage, parts });
    else plainLine(`${progress.stage}: ${joined(parts)}`, plainInterval);
  }

  /** On a terminal the bar has an epoch's figures already. */
  function showEpoch({ row, stage }: Extract<Event, { type: "epoch" }>): void {
    if (live) return;
    const { ssim, bitsPerCode } = row.validation ?? {};
    const metrics = {
      ...row.train,
      ...(ssim === undefined ? {} : { ssim: ssim.mean }),
      ...(bitsPerCode === undefined ? {} : { validationBitsPerCode: bitsPerCode }),
    };
    const parts = [...levelOf(row), `epoch ${row.epoch}`, `step ${row.step}`, ...describeMetrics(metrics)];
    plainLine(`${stage}: ${parts.join("  ")}`, epochInterval);
  }

  function plainLine(text: string, interval: number): void {
    const seconds = now().getTime() / 1000;
    if (seconds - lastPlain < interval) return;
    lastPlain = seconds;
    stream.write(`${clock(now())}  ${text}\n`);
  }

  function showStage(event: Extract<Event, { type: "stage" }>): void {
    shown = undefined;
    hideBar();
    if (event.state === "start") {
      lastPlain = now().getTime() / 1000;
      if (live) drawLive({ fraction: 0, name: event.stage, parts: [{ text: "working", rank: 0 }] });
      else line(`${event.stage}: started`);
      return;
    }
    const reason = event.reason === undefined ? "" : `: ${event.reason}`;
    if (event.state === "skip") line(`${paint("dim", "–", stream)} ${event.stage} skipped${reason}`);
    else {
      const seconds = event.seconds === undefined ? "" : ` in ${formatDuration(event.seconds)}`;
      line(`${paint("green", "✔", stream)} ${event.stage} done${seconds}`);
    }
  }

  return {
    line,
    close() {
      closed = true;
      shown = undefined;
      hideBar();
    },
    show(event) {
      if (event.type === "warning")
        return line(`${paint("yellow", "warning:", stream)} ${printable(event.text)}`);
      if (quiet) return;
      switch (event.type) {
        case "stage":
          return showStage(event);
        case "progress":
          return showProgress(event);
        case "epoch":
          return showEpoch(event);
        case "note":
          return line(printable(event.text));
        case "file":
          // Files are listed once, at the end.
          return;
      }
    },
  };
}

/** Columns that a terminal fills at Ctrl-C with `^C`, and its cursor: were they the next line's, the bar would stay. */
const ECHO = 3;

/** Columns of the bar, and of a terminal that has room for the long one; columns that a stage's name takes. */
const [WIDE_BAR, NARROW_BAR, WIDE, NAME] = [20, 8, 110, 11];

function drawBar(fraction: number, width: number): string {
  const done = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${"━".repeat(done)}${"╌".repeat(width - done)}`;
}

/** `34%  epoch 3/20  step 120/800  25.1 images/s  ETA 1:20  loss 0.0312  SSIM 0.71  1.2 GiB`. */
function describe(progress: Progress, memory: () => number): readonly Part[] {
  const { fraction, epoch, totalEpochs, step, totalSteps, rate, unit, eta, metrics } = progress;
  const part = (rank: number, text: string): Part => ({ text, rank });
  return [
    ...levelOf(progress).map((text) => part(1, text)),
    part(0, `${Math.floor(fraction * 100)}%`.padStart(4)),
    ...(epoch > 0
      ? [part(4, `epoch ${count(epoch, totalEpochs)}`), part(5, `step ${count(step, totalSteps)}`)]
      : [part(2, `${count(step, totalSteps)} ${unit}`)]),
    ...(rate === undefined ? [] : [part(6, `${formatNumber(rate)} ${unit}/s`)]),
    ...(eta === undefined ? [] : [part(1, `ETA ${formatDuration(eta)}`)]),
    // The first two tell how well it goes: loss and SSIM, or the loss of the prior and its bits.
    ...describeMetrics(metrics).map((text, index) => part(index < 2 ? 0 : 3, text)),
    part(7, `${(memory() / 2 ** 30).toFixed(1)} GiB`),
  ];
}

function joined(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join("  ");
}

/** The parts that find room in this many columns: what matters least is left out first. */
function fitted(parts: readonly Part[], columns: number): string {
  let kept = parts;
  while (joined(kept).length > columns) {
    const least = Math.max(...kept.map(({ rank }) => rank));
    if (least === 0) break;
    const last = kept.findLastIndex(({ rank }) => rank === least);
    kept = kept.filter((_, index) => index !== last);
  }
  return joined(kept);
}

/** Which level's prior is trained. */
function levelOf({ part }: { readonly part?: number | undefined }): string[] {
  return part === undefined ? [] : [`level ${part + 1}`];
}

function describeMetrics(metrics: Readonly<Record<string, number | undefined>>): string[] {
  return shownMetrics.flatMap(([name, label]) => {
    const value = metrics[name];
    return value === undefined ? [] : [`${label} ${formatNumber(value)}`];
  });
}

function count(value: number, total: number | undefined): string {
  return total === undefined ? String(value) : `${value}/${total}`;
}

function clock(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
