import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { Event } from "@slicebook/session";
import { beforeEach, expect, test, vi } from "vitest";
import { createDisplay } from "../src/display.ts";

beforeEach(() => {
  // Test runners ask for colours: what a display does by itself is tested here.
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", undefined);
});

type Progress = Extract<Event, { type: "progress" }>;

function progress(changes: Partial<Progress> = {}): Progress {
  return {
    type: "progress",
    stage: "train",
    step: 120,
    totalSteps: 800,
    epoch: 3,
    totalEpochs: 20,
    fraction: 0.15,
    rate: 25.13,
    unit: "images",
    eta: 187,
    metrics: { loss: 0.03124, perplexity: 331.4, gradientNorm: 2 },
    ...changes,
  };
}

/** A display on a stream, with a clock that stands still until it is set forward. */
function displayed(options: { isTTY: boolean; quiet?: boolean; columns?: number }) {
  const { isTTY, quiet = false, columns = 120 } = options;
  const stream = Object.assign(new PassThrough(), { isTTY, columns });
  let seconds = 0;
  const start = new Date(2026, 0, 1, 12, 0, 0).getTime();
  const display = createDisplay({
    memory: () => 1.5 * 2 ** 30,
    quiet,
    stream,
    now: () => new Date(start + seconds * 1000),
  });
  return {
    display,
    wait: (more: number) => {
      seconds += more;
    },
    text: () => String(stream.read() ?? ""),
  };
}

test("elsewhere than on a terminal, a line in ten seconds says how far it is, without control characters", () => {
  const { display, wait, text } = displayed({ isTTY: false });
  display.show({ type: "stage", stage: "train", state: "start" });
  for (let second = 0; second < 25; second++) {
    wait(1);
    display.show(progress({ step: second }));
  }
  display.show({ type: "stage", stage: "train", state: "done", seconds: 25 });
  display.close();
  const line =
    "15%  epoch 3/20  step STEP/800  25.1 images/s  ETA 3:07  loss 0.0312  perplexity 331  1.5 GiB";
  expect(text().split("\n")).toEqual([
    "12:00:00  train: started",
    `12:00:10  train:  ${line.replace("STEP", "9")}`,
    `12:00:20  train:  ${line.replace("STEP", "19")}`,
    "12:00:25  ✔ train done in 25 s",
    "",
  ]);
});

test("elsewhere than on a terminal, an epoch that took its time ends with a line of its figures", () => {
  const { display, wait, text } = displayed({ isTTY: false });
  const row = (epoch: number) =>
    ({
      stage: "train",
      kind: "epoch",
      epoch,
      step: 40 * epoch,
      seconds: 3,
      train: { loss: 0.03, perplexity: 331.4, learningRate: 0.001, gradientNorm: 1 },
      validation: { ssim: { mean: 0.8412, sd: 0.1, n: 4, subjects: 2, ci95: null } },
    }) as const;
  display.show({ type: "stage", stage: "train", state: "start" });
  wait(3);
  display.show({ type: "epoch", stage: "train", row: row(1) });
  wait(1);
  display.show({ type: "epoch", stage: "train", row: row(2) });
  wait(2);
  display.show({ type: "epoch", stage: "train", row: row(3) });
  expect(text().split("\n").slice(1, -1)).toEqual([
    "12:00:03  train: epoch 1  step 40  loss 0.03  SSIM 0.841  perplexity 331",
    "12:00:06  train: epoch 3  step 120  loss 0.03  SSIM 0.841  perplexity 331",
  ]);
});

test("on a terminal one bar is redrawn in place, and taken away for lines and at the end", () => {
  vi.stubEnv("TERM", "xterm");
  const { display, text } = displayed({ isTTY: true });
  display.show({ type: "stage", stage: "train", state: "start" });
  expect(stripVTControlCharacters(text())).toMatch(/^ {2}train +╌+ working/);
  display.show(progress());
  display.line("Stopping.");
  display.close();
  const written = text();
  expect(stripVTControlCharacters(written)).toContain("━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  15%  epoch 3/20  step 120/800");
  expect(written.match(/\n/g)).toHaveLength(1);
  // The cursor is shown and lines wrap again.
  expect(written.lastIndexOf("\x1b[?25h")).toBeGreaterThan(written.lastIndexOf("\x1b[?25l"));
  expect(written.lastIndexOf("\x1b[?7h")).toBeGreaterThan(written.lastIndexOf("\x1b[?7l"));
});

test.each([
  [
    200,
    "━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ level 2   15%  epoch 3/20  step 120/800  25.1 images/s  ETA 3:07  loss 0.0312  SSIM 0.71  perplexity 331  1.5 GiB",
  ],
  [
    130,
    "━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ level 2   15%  epoch 3/20  step 120/800  ETA 3:07  loss 0.0312  SSIM 0.71  perplexity 331",
  ],
  [80, "━╌╌╌╌╌╌╌ level 2   15%  ETA 3:07  loss 0.0312  SSIM 0.71"],
  [60, "━╌╌╌╌╌╌╌  15%  loss 0.0312  SSIM 0.71"],
])("on a terminal of %d columns the line shows loss and SSIM, and what else finds room", (columns, line) => {
  vi.stubEnv("TERM", "xterm");
  const { display, text } = displayed({ isTTY: true, columns });
  const metrics = { perplexity: 331.4, ssim: 0.71, loss: 0.03124 };
  display.show(progress({ part: 1, metrics }));
  const shown = stripVTControlCharacters(text());
  expect(shown.trimEnd()).toBe(`  train       ${line}`);
  expect(shown.length).toBeLessThan(columns);
  display.close();
});

test("what comes after the bar was taken away for good is not drawn over what is printed then", () => {
  vi.stubEnv("TERM", "xterm");
  const { display, text } = displayed({ isTTY: true });
  display.show({ type: "stage", stage: "train", state: "start" });
  display.show(progress());
  display.close();
  text();
  display.show(progress({ step: 121 }));
  display.show({ type: "stage", stage: "evaluate", state: "start" });
  display.line("Saved in runs/a");
  expect(text()).toBe("Saved in runs/a\n");
});

test("quiet, it says warnings only", () => {
  const { display, text } = displayed({ isTTY: false, quiet: true });
  display.show({ type: "stage", stage: "train", state: "start" });
  display.show(progress());
  display.show({ type: "note", text: "a note" });
  display.show({ type: "warning", text: "mind this" });
  expect(text()).toBe("12:00:00  warning: mind this\n");
});
