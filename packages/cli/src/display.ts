import type { Event } from "@slicebook/pipeline";
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
export type DisplayStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** What the bar shows. */
interface BarState {
  readonly fraction: number;
  readonly name: string;
  readonly text: string;
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

  function line(text: string): void {
    hideBar();
    stream.write(`${live ? "" : `${clock(now())}  `}${text}\n`);
    if (shown !== undefined) drawLive(shown);
  }

  function drawLive(state: BarState): void {
    shown = state;
    if (bar === undefined) {
      bar = new SingleBar({
        stream,
        hideCursor: true,
        clearOnComplete: true,
        fps: 10,
        format: (_options, { progress }, { name, text }: BarState) =>
          `  ${paint("cyan", name.padEnd(11), stream)} ${drawBar(progress)} ${text}`,
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
    if (live) drawLive({ fraction, name: stage, text: describe(progress, memory) });
    else plainLine(`${progress.stage}: ${describe(progress, memory)}`, plainInterval);
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
      if (live) drawLive({ fraction: 0, name: event.stage, text: "working" });
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

function drawBar(fraction: number): string {
  const width = 20;
  const done = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${"━".repeat(done)}${"╌".repeat(width - done)}`;
}

/** `34%  epoch 3/20  step 120/800  25.1 images/s  ETA 1:20  loss 0.0312  SSIM 0.71  1.2 GiB`. */
function describe(progress: Progress, memory: () => number): string {
  const { fraction, epoch, totalEpochs, step, totalSteps, rate, unit, eta, metrics } = progress;
  const parts = [...levelOf(progress), `${Math.floor(fraction * 100)}%`.padStart(4)];
  if (epoch > 0) parts.push(`epoch ${count(epoch, totalEpochs)}`);
  parts.push(epoch > 0 ? `step ${count(step, totalSteps)}` : `${count(step, totalSteps)} ${unit}`);
  if (rate !== undefined) parts.push(`${formatNumber(rate)} ${unit}/s`);
  if (eta !== undefined) parts.push(`ETA ${formatDuration(eta)}`);
  parts.push(...describeMetrics(metrics), `${(memory() / 2 ** 30).toFixed(1)} GiB`);
  return parts.join("  ");
}

/** Which level's prior is trained. */
function levelOf({ part }: { readonly part?: number }): string[] {
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
