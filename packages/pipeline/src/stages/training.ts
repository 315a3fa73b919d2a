import { setImmediate } from "node:timers/promises";
import {
  float32,
  type HostTensors,
  interruptedError,
  type Loop,
  random,
  type Signature,
  SlicebookError,
} from "@slicebook/base";
import type { ResolvedConfig } from "@slicebook/config";
import { lossScaleInputs, type Params, type TensorRecord, withLossScale } from "@slicebook/core";
import type { Engine } from "@slicebook/engine";
import {
  type MetricsFiles,
  type MetricsRow,
  openMetricsLog,
  type TrainMetrics,
  type ValidationMetrics,
} from "@slicebook/runs";
import { type Checkpoint, type Sums, saveCheckpoint, type TrainingState } from "@slicebook/runs/tensors";
import type { Event } from "@slicebook/session";
import { firstScale, MOST_SKIPPED, nextScale } from "./loss-scale.ts";

/** Limits, batch and cadence: the part of `train` and `prior` that they share. */
type Schedule = Pick<
  ResolvedConfig["train"],
  "minutes" | "epochs" | "steps" | "batch" | "validateEvery" | "patience" | "checkpointSeconds"
>;

/** What is trained, by {@link train}. */
export interface Trainee {
  /** `train` for the VQ-VAE, `prior` for the prior, as `metrics.jsonl` names it. */
  readonly name: MetricsRow["stage"];
  /** The number of the part, of what is trained part by part: lines of `metrics.jsonl` tell it. */
  readonly part?: number;
  readonly step: (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  readonly initialCarry: () => HostTensors;
  /** The shapes and types of a step's inputs, `progress` included. */
  readonly signature: Signature;
  /** Training items (slices, code grids). */
  readonly items: number;
  /** The inputs of a step but for `progress`; they depend on these arguments only. */
  readonly inputs: (items: Int32Array, step: number) => HostTensors;
  /** Called before every step with where the training stands: a carry that it returns replaces the loop's. */
  readonly beforeStep?: (
    at: { step: number; progress: number },
    loop: Loop,
  ) => Promise<HostTensors | undefined>;
  /** Validates; the higher the score, the better. */
  readonly validate: (
    carry: HostTensors,
    step: number,
  ) => Promise<{ metrics: ValidationMetrics; score: number }>;
}

export interface TrainOptions {
  readonly engine: Pick<Engine, "loop" | "precision">;
  readonly schedule: Schedule;
  readonly seed: number;
  /** The hash of what decides this training. */
  readonly inputs: string;
  /** Where to go on from; from the start unless given. */
  readonly from: Checkpoint | undefined;
  /** Lines of `metrics.jsonl` before this training's own; none unless given. */
  readonly rowsBefore?: number;
  readonly files: { readonly last: string; readonly best: string } & MetricsFiles;
  readonly unit: "images" | "grids";
  readonly onEvent: (event: Event) => void;
  readonly signal: AbortSignal | undefined;
}

/** Steps between two lines of `metrics.jsonl` within an epoch. */
const LOG_STEPS = 20;
/** Validations in a run, at least. */
const LEAST_VALIDATIONS = 5;
/** In a run limited by minutes: validations at least and at most, and those if no epoch's end calls for any. */
const FEWEST_TIMED_VALIDATIONS = 4;
const MOST_TIMED_VALIDATIONS = 60;
const LONGEST_WAIT = 12;
/** The share of the time that validation may take in a run limited by minutes. */
const VALIDATION_SHARE = 0.1;
const PROGRESS_SECONDS = 0.2;
/** How metrics name the terms of a loss of several. */
const TERM = "loss.";
const NONE: Sums = { count: 0, of: {} };

/**
 * Trains until the first limit is reached, `patience` runs out, or the signal comes.
 *
 * The items of epoch e come in the order of `random(seed, "epoch", e)`, so that a step's inputs depend on its
 * number only: resuming from any checkpoint of a run limited by steps or epochs gives the weights of a run
 * that never stopped, bit for bit. `last` is saved every `checkpointSeconds`, at the end, and on the signal;
 * `best` whenever the validation split says so.
 *
 * In half precision the loss is scaled, and a step whose gradients overflow has no effect.
 *
 * Throws `TRAINING_DIVERGED` at a loss or weights that are not numbers, in half precision at many steps in a row without effect
 * (the last good checkpoint stays), `INTERRUPTED` after the signal.
 */
export async function train(trainee: Trainee, options: TrainOptions): Promise<TrainingState> {
  const { engine, schedule, seed, files, unit, onEvent, signal } = options;
  const { batch, minutes } = schedule;
  const stepsPerEpoch = Math.max(1, Math.floor(trainee.items / batch));
  const totalSteps = Math.min(schedule.steps ?? Infinity, (schedule.epochs ?? Infinity) * stepsPerEpoch);
  const totalSeconds = minutes === null ? Infinity : minutes * 60;
  // Validations per epoch; a short run gets a whole number of them, so that one falls on each epoch's end.
  const rate = 1 / schedule.validateEvery;
  const validationsPerEpoch =
    (rate * totalSteps) / stepsPerEpoch < LEAST_VALIDATIONS
      ? Math.ceil((LEAST_VALIDATIONS * stepsPerEpoch) / totalSteps)
      : rate;
  const isDueAt = (step: number) =>
    validationsBy(step, validationsPerEpoch / stepsPerEpoch) >
    validationsBy(step - 1, validationsPerEpoch / stepsPerEpoch);

  let state = options.from?.state ?? initialState(options.inputs, options.rowsBefore ?? 0);
  if (state.finished) return state;
  const metricsLog = await openMetricsLog(files, {
    rows: state.rows,
    started: Date.now() / 1000 - state.seconds,
  });
  const startedAt = performance.now() / 1000 - state.seconds;
  const elapsed = () => performance.now() / 1000 - startedAt;
  let savedAt = state.seconds;
  let kept = options.from !== undefined;
  let shownAt = 0;
  let order: { epoch: number; items: Int32Array } | undefined;
  let validation: ValidationMetrics | undefined;
  const speed = speedometer();

  // In one order always: a checkpoint's tensors are sorted, and a sum over all of them depends on their
  // order.
  const initial = sortedByName(options.from?.carry ?? trainee.initialCarry());
  const scaled = engine.precision === "float16";
  const loop = scaled
    ? await engine.loop(
        withLossScale(trainee.step),
        initial,
        { ...trainee.signature, ...lossScaleInputs },
        { mixedPrecision: true },
      )
    : await engine.loop(trainee.step, initial, trainee.signature);
  try {
    for (;;) {
      const seconds = elapsed();
      state = { ...state, seconds };
      const progress = Math.min(1, Math.max(state.step / totalSteps, seconds / totalSeconds));
      const ended = state.step >= totalSteps || seconds >= totalSeconds;
      if (ended || signal?.aborted) break;

      const replaced = await trainee.beforeStep?.({ step: state.step, progress }, loop);
      if (replaced !== undefined) await loop.replace(replaced);
      const epoch = Math.floor(state.step / stepsPerEpoch);
      if (order?.epoch !== epoch) {
        order = { epoch, items: random(seed, "epoch", epoch).permutation(trainee.items) };
      }
      const items = batchOf(order.items, (state.step % stepsPerEpoch) * batch, batch);
      const inputs = { ...trainee.inputs(items, state.step), progress: float32([progress], []) };
      const scale = scaled ? (state.lossScale ?? firstScale) : undefined;
      const metrics = scalars(
        await loop.next(scale === undefined ? inputs : { ...inputs, lossScale: float32([scale.factor], []) }),
      );
      const overflowed = scale !== undefined && !Number.isFinite(metrics.gradientNorm);
      const skipped = overflowed ? scale.inARow + 1 : 0;
      if (!overflowed || skipped >= MOST_SKIPPED) {
        checkFinite(metrics, { ...options, kept, step: state.step + 1, epoch: epoch + 1, skipped });
      }
      state = {
        ...state,
        step: state.step + 1,
        seconds: elapsed(),
        sums: overflowed ? state.sums : added(state.sums, metrics),
        ...(scale && { lossScale: nextScale(scale, overflowed) }),
      };
      speed.took(batch);

      if (state.step >= totalSteps || isValidationDue(state, { due: isDueAt(state.step), totalSeconds })) {
        await validate();
        // Validation has made sure that its weights are numbers: the state to go back to if training breaks down.
        await save();
        if (schedule.patience !== null && state.sinceBest >= schedule.patience) break;
      } else if (state.step % stepsPerEpoch === 0) {
        await log("epoch", state.step / stepsPerEpoch);
      } else if (state.step % LOG_STEPS === 0) {
        await log("step", epoch + 1);
      }
      if (elapsed() - savedAt >= schedule.checkpointSeconds) await save();
      if (elapsed() - shownAt >= PROGRESS_SECONDS && !overflowed) show(metrics);
      // The engine may keep this thread busy from step to step: let a signal in.
      await setImmediate();
    }
    if (signal?.aborted) {
      await save();
      throw interruptedError(`step ${state.step} is saved in ${files.last}`);
    }
    if (state.sums.count > 0 || state.best === null) await validate();
    state = { ...state, finished: true, seconds: elapsed() };
    await save();
    return state;
  } finally {
    await loop.dispose();
  }

  /** Validates, keeps the carry if it is the best so far, and writes a line. */
  async function validate(): Promise<void> {
    const began = elapsed();
    const carry = await goodCarry();
    const validated = await trainee.validate(carry, state.step);
    validation = validated.metrics;
    const better = state.best === null || validated.score > state.best.score;
    const ended = elapsed();
    state = {
      ...state,
      validatedAt: ended,
      validationSeconds: state.validationSeconds + ended - began,
      best: better ? { score: validated.score, step: state.step } : state.best,
      sinceBest: better ? 0 : state.sinceBest + 1,
    };
    // Between two epochs' ends the epochs so far are not a whole number.
    await log("epoch", Number((state.step / stepsPerEpoch).toFixed(3)), validation);
    if (better) await saveCheckpoint(files.best, { carry, state });
  }

  async function log(
    kind: MetricsRow["kind"],
    epoch: number,
    validationMetrics?: ValidationMetrics,
  ): Promise<void> {
    if (state.sums.count === 0) return;
    const row: MetricsRow = {
      stage: trainee.name,
      ...(trainee.part === undefined ? {} : { part: trainee.part }),
      kind,
      epoch,
      step: state.step,
      seconds: elapsed(),
      images: state.step * batch,
      train: { ...averages(state.sums, trainee.name), ...(scaled && scaleFigures(state)) },
      ...(validationMetrics === undefined ? {} : { validation: validationMetrics }),
    };
    await metricsLog.append(row);
    state = { ...state, rows: state.rows + 1, sums: NONE };
    if (kind === "epoch") onEvent({ type: "epoch", stage: stageOf(trainee.name), row });
  }

  async function save(): Promise<void> {
    await saveCheckpoint(files.last, { carry: await goodCarry(), state: { ...state, seconds: elapsed() } });
    savedAt = elapsed();
    kept = true;
  }

  /** The carry on the host, unless it holds what is not a number. */
  async function goodCarry(): Promise<HostTensors> {
    const carry = await loop.read();
    const bad = Object.entries(carry).find(([, { dtype, data }]) => dtype === "float32" && !allFinite(data));
    if (bad !== undefined) {
      throw diverged(`in "${bad[0]}" of the weights, which holds a value that is not a number`, {
        ...options,
        kept,
        step: state.step,
      });
    }
    return carry;
  }

  function show(metrics: Readonly<Record<string, number>>): void {
    shownAt = elapsed();
    const fraction = Math.min(1, Math.max(state.step / totalSteps, shownAt / totalSeconds));
    const perSecond = speed.value();
    const left = Math.min(
      perSecond === undefined ? Infinity : ((totalSteps - state.step) * batch) / perSecond,
      totalSeconds - shownAt,
    );
    onEvent({
      type: "progress",
      stage: stageOf(trainee.name),
      ...(trainee.part === undefined ? {} : { part: trainee.part }),
      step: state.step,
      ...(Number.isFinite(totalSteps) ? { totalSteps } : {}),
      epoch: Math.ceil(state.step / stepsPerEpoch),
      ...(Number.isFinite(totalSteps) ? { totalEpochs: Math.ceil(totalSteps / stepsPerEpoch) } : {}),
      fraction,
      unit,
      ...(perSecond === undefined ? {} : { rate: perSecond }),
      ...(Number.isFinite(left) ? { eta: Math.max(0, left) } : {}),
      metrics: { ...metrics, ...shownValidation(validation) },
    });
  }
}

function initialState(inputs: string, rows: number): TrainingState {
  return {
    schema: 1,
    inputs,
    step: 0,
    seconds: 0,
    validationSeconds: 0,
    validatedAt: 0,
    rows,
    sums: NONE,
    best: null,
    sinceBest: 0,
    finished: false,
  };
}

/** Validations due by the end of a step; the hair keeps sums of thirds from falling short of a whole. */
function validationsBy(step: number, perStep: number): number {
  return Math.floor(step * perStep + 1e-9);
}

/**
 * Whether to validate: when it is due by steps, and in a run limited by minutes by the
 * clock too.
 */
function isValidationDue(
  { seconds, validatedAt, validationSeconds }: TrainingState,
  { due, totalSeconds }: { due: boolean; totalSeconds: number },
): boolean {
  if (totalSeconds === Infinity) return due;
  const since = seconds - validatedAt;
  if (since >= totalSeconds / FEWEST_TIMED_VALIDATIONS) return true;
  if (validationSeconds > VALIDATION_SHARE * seconds) return false;
  return since >= totalSeconds / (due ? MOST_TIMED_VALIDATIONS : LONGEST_WAIT);
}

/** The items of one step; a set smaller than a batch is gone through again. */
function batchOf(order: Int32Array, start: number, batch: number): Int32Array {
  return Int32Array.from({ length: batch }, (_, index) => order[(start + index) % order.length]!);
}

function sortedByName(tensors: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function scalars(tensors: HostTensors): Record<string, number> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data[0]!]));
}

function added({ count, of }: Sums, metrics: Record<string, number>): Sums {
  const sums = Object.entries(metrics).map(([name, value]) => [name, (of[name] ?? 0) + value]);
  return { count: count + 1, of: Object.fromEntries(sums) };
}

function averages({ count, of }: Sums, name: MetricsRow["stage"]): TrainMetrics {
  const means = Object.fromEntries(Object.entries(of).map(([metric, sum]) => [metric, sum / count]));
  const { loss = 0 } = means;
  const bits = name === "prior" ? { bitsPerCode: loss / Math.LN2 } : {};
  return { ...means, ...bits, loss };
}

/** What is told of a scaled loss beside the steps' metrics. */
function scaleFigures({ lossScale = firstScale }: TrainingState): Record<string, number> {
  return { lossScale: lossScale.factor, skippedSteps: lossScale.skipped };
}

function shownValidation(validation: ValidationMetrics | undefined): Record<string, number> {
  if (validation === undefined) return {};
  const { ssim, bitsPerCode } = validation;
  return {
    ...(ssim === undefined ? {} : { ssim: ssim.mean }),
    ...(bitsPerCode === undefined ? {} : { validationBitsPerCode: bitsPerCode }),
  };
}

function stageOf(name: MetricsRow["stage"]): "train" | "train-prior" {
  return name === "prior" ? "train-prior" : "train";
}

interface StepContext {
  readonly step: number;
  readonly epoch?: number;
  readonly files: TrainOptions["files"];
  /** Whether a checkpoint was saved before. */
  readonly kept: boolean;
  /** Steps in a row that had no effect, this one included. */
  readonly skipped?: number;
}

function checkFinite(metrics: Record<string, number>, context: StepContext): void {
  const bad = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  if (bad.length === 0) return;
  const values = bad.map(([name, value]) => `${name} is ${value}`).join(", ");
  throw diverged(`in ${whereItArose(bad.map(([name]) => name))}: ${values}`, context);
}

/** The first of a step's parts, in the order in which they are computed, among figures that are not numbers. */
function whereItArose(names: readonly string[]): string {
  const terms = names.filter((name) => name.startsWith(TERM)).map((name) => name.slice(TERM.length));
  if (terms.length > 0) return `the loss's ${terms.join(", ")} term${terms.length === 1 ? "" : "s"}`;
  if (names.includes("reconstruction")) return "the reconstruction's loss";
  if (names.includes("commitment")) return "the commitment term";
  if (names.includes("loss")) return "the loss";
  return names.includes("gradientNorm") ? "the gradients, of a loss that is a number" : "the metrics";
}

function diverged(what: string, { step, epoch, files, kept, skipped = 0 }: StepContext): SlicebookError {
  const where = epoch === undefined ? `step ${step}` : `step ${step} (epoch ${epoch})`;
  const after = skipped === 0 ? "" : `, after ${skipped} steps in a row that overflowed in half precision`;
  return new SlicebookError("TRAINING_DIVERGED", `training broke down at ${where}${after}, ${what}`, {
    remedy:
      `Lower the learning rate (or set clipNorm${skipped === 0 ? "" : ", or leave engine.precision out"}) and train under another run name; ` +
      (kept ? `the last good state is kept in ${files.last}.` : "nothing had been saved yet."),
  });
}

function allFinite(values: Float32Array | Int32Array): boolean {
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

/** Items a second over the last seconds. */
function speedometer(): { took(items: number): void; value(): number | undefined } {
  const marks: { at: number; items: number }[] = [];
  let items = 0;
  return {
    took(count) {
      items += count;
      marks.push({ at: performance.now() / 1000, items });
      while (marks.length > 2 && marks.at(-1)!.at - marks[0]!.at > 10) marks.shift();
    },
    value() {
      const [first, last] = [marks[0], marks.at(-1)];
      return first === undefined || last === undefined || last.at === first.at
        ? undefined
        : (last.items - first.items) / (last.at - first.at);
    },
  };
}
