import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@slicebook/session";
import { expect, it } from "vitest";
import { executeInWorker } from "../src/api/execute-in-worker.ts";
import type { Request, Result } from "../src/api/requests.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

interface Outcome {
  readonly result?: Result;
  readonly error?: unknown;
  readonly events: readonly Event["type"][];
  /** How often a timer of 10 ms came meanwhile. */
  readonly ticks: number;
}

/** In the built package's thread: no thread can load sources. */
async function inWorker(request: Request, abortAt: Event["type"] | "never" = "never"): Promise<Outcome> {
  const controller = new AbortController();
  const events: Event["type"][] = [];
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 10);
  const onEvent = ({ type }: Event) => {
    events.push(type);
    if (type === abortAt) controller.abort();
  };
  const outcome = await executeInWorker(request, { onEvent, signal: controller.signal }).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  clearInterval(timer);
  return { ...outcome, events, ticks };
}

it("brings events and the result out of the thread, and leaves the caller's free", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const overrides = [`run.root=${place.at("runs")}`];
  const { result, events, ticks } = await inWorker({
    kind: "run",
    config,
    overrides,
    stages: ["train", "evaluate"],
    resume: false,
  });
  expect(result?.figures.ssim).toBeTypeOf("number");
  expect(events.filter((type) => type === "epoch").length).toBeGreaterThan(2);
  expect(ticks).toBeGreaterThan(0);
});

it("brings errors out with code, message and remedy", async () => {
  const run = place.at("no");
  const { error } = await inWorker({ kind: "stages", run, overrides: [], stages: ["report"], resume: false });
  expect(error).toMatchObject({
    name: "SlicebookError",
    code: "RUN_NOT_FOUND",
    message: `${run} is not a run folder: it does not exist`,
    remedy:
      "Give a folder that `slicebook run` or `slicebook train` made, such as runs/hipmri; `slicebook list` shows them.",
  });
});

it("saves when the signal comes, and then says so", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const overrides = [`run.root=${place.at("runs")}`, "run.name=stopped", "train.epochs=100000"];
  const { error } = await inWorker(
    { kind: "run", config, overrides, stages: ["train"], resume: false },
    "epoch",
  );
  expect(error).toMatchObject({ code: "INTERRUPTED", remedy: expect.stringContaining("--resume") });
  const files = await readdir(place.at("runs", "stopped"), { recursive: true });
  expect(files).toContain(join("checkpoints", "last.safetensors"));
  expect(files).not.toContain(".lock");
});
