import { type HostTensors, isSlicebookError, SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "@slicebook/core";
import { z } from "zod";
import { exists, readIfThere } from "./files.ts";

const sumsSchema = z.strictObject({ count: z.int().min(0), of: z.record(z.string(), z.number()) });

/** Sums of metrics over some steps. */
export type Sums = z.output<typeof sumsSchema>;

const lossScaleSchema = z.strictObject({
  factor: z.number().positive(),
  /** Steps since it changed. */
  since: z.int().min(0),
  /** Steps without effect, because their gradients overflowed: one after the other just now, and in all. */
  inARow: z.int().min(0),
  skipped: z.int().min(0),
});

/** By what the loss is multiplied before it is differentiated in half precision. */
export type LossScale = z.output<typeof lossScaleSchema>;

/** Where a training stands, besides its carry: enough to go on as if it had not stopped. */
const trainingStateSchema = z.strictObject({
  schema: z.literal(1),
  /** The hash of what decides the training: a run does not resume from a checkpoint of another configuration. */
  inputs: z.string(),
  /** Steps taken; with the steps of an epoch this is also the epoch and the place in it. */
  step: z.int().min(0),
  seconds: z.number().min(0),
  /** Seconds of `seconds` spent on the validation split. */
  validationSeconds: z.number().min(0),
  /** When the last validation ended, in `seconds`. */
  validatedAt: z.number().min(0),
  /** Lines of `metrics.jsonl` so far. */
  rows: z.int().min(0),
  /** Sums of the steps' metrics since the last line. */
  sums: sumsSchema,
  best: z.strictObject({ score: z.number(), step: z.int() }).nullable(),
  /** Validations since the best. */
  sinceBest: z.int().min(0),
  /** Whether the training has ended by itself. */
  finished: z.boolean(),
  /** How the loss is scaled, of a training in half precision. */
  lossScale: lossScaleSchema.optional(),
});

export type TrainingState = z.output<typeof trainingStateSchema>;

export interface Checkpoint {
  readonly carry: HostTensors;
  readonly state: TrainingState;
}

const STATE = "slicebook.training";

/** Writes a carry and where its training stands, whole or not at all. */
export async function saveCheckpoint(path: string, { carry, state }: Checkpoint): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(carry, { format: "pt", [STATE]: JSON.stringify(state) }));
}

/** Reads a checkpoint; undefined where there is none. Throws `CHECKPOINT_INVALID` for a file that is none. */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  if (!(await exists(path))) return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  try {
    return { carry: tensors, state: trainingStateSchema.parse(JSON.parse(metadata[STATE] ?? "null")) };
  } catch (error) {
    const why =
      error instanceof z.ZodError
        ? `where its training stands is not in it as this version writes it (${error.issues[0]?.message})`
        : error instanceof Error
          ? error.message
          : String(error);
    throw invalid(path, why, error);
  }
}

/** Reads a file of tensors. Throws `CHECKPOINT_INVALID` for one that is missing or holds none, or what is not a number. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  try {
    const bytes = readIfThere(path);
    if (bytes === undefined) throw new Error("there is no such file");
    const read = decodeSafetensors(bytes);
    checkFinite(read.tensors);
    return read;
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error), error);
  }
}

/** Numbers that are none make none of everything that is computed from them. */
function checkFinite(tensors: HostTensors): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    if (!(data instanceof Float32Array)) continue;
    const index = data.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw new Error(`value ${index} of ${name} is ${data[index]}`);
  }
}

/** The carry of a checkpoint after a model has checked that it fits; what is wrong is said of the file. */
export function checkedCarry(
  path: string,
  { carry }: Pick<Checkpoint, "carry">,
  check: (carry: HostTensors) => void,
): HostTensors {
  try {
    check(carry);
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    const { code, message, remedy } = error;
    throw new SlicebookError(code, `${path}: ${message}`, { ...(remedy && { remedy }), cause: error });
  }
  return carry;
}

function invalid(path: string, why: string, cause: unknown): SlicebookError {
  return new SlicebookError("CHECKPOINT_INVALID", `${path} is not a usable checkpoint: ${why}`, {
    remedy: "Delete it and train again, or restore it from a copy.",
    cause,
  });
}
