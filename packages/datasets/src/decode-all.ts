import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import type { LoadedAdapter } from "./adapters.ts";
import { type DecodedSlice, type DecodeOptions, decodeSlice, type SliceDecoder } from "./decode-slice.ts";
import type { DecodeReply, DecodeRequest, DecodeWorkerData } from "./decode-worker.ts";
import type { SliceRecord } from "./types.ts";

/** Fewer slices than this are decoded sooner than threads are started. */
const LEAST_FOR_THREADS = 64;
/** Slices a worker is handed at a time. */
const CHUNK = 8;

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** How {@link decodeAll} goes about it. */
export interface DecodeAllOptions {
  readonly decode: DecodeOptions;
  /** Takes each slice as it is decoded, one at a time but in any order; decoding waits for it. */
  readonly onSlice: (index: number, slice: DecodedSlice) => void | Promise<void>;
  /** Called for a slice that cannot be used; what it throws ends the whole. */
  readonly onError: (index: number, error: SlicebookError) => void;
  /** Worker threads; 0 decodes in this one. As many as there are processors unless given. */
  readonly workers?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Decodes slices on all cores; holds only a few of them at a time. */
export async function decodeAll(
  { adapter, specifier }: LoadedAdapter,
  records: readonly SliceRecord[],
  options: DecodeAllOptions,
): Promise<void> {
  const { workers = availableParallelism() } = options;
  options.signal?.throwIfAborted();
  const drawn = adapter.decode !== undefined;
  const onlyHere = drawn && specifier === undefined;
  if (onlyHere || workers === 0 || records.length < LEAST_FOR_THREADS) {
    return decodeHere(adapter, records, options);
  }
  const workerData = { specifier: drawn ? specifier : undefined, options: options.decode };
  return decodeInThreads(workerData, records, { ...options, workers });
}

async function decodeHere(
  adapter: SliceDecoder,
  records: readonly SliceRecord[],
  { decode, onSlice, onError, onProgress, signal }: DecodeAllOptions,
): Promise<void> {
  for (const [index, record] of records.entries()) {
    signal?.throwIfAborted();
    const slice = await decodeSlice(adapter, record, decode).catch((error: unknown) => {
      if (!isSlicebookError(error)) throw error;
      onError(index, error);
      return undefined;
    });
    if (slice !== undefined) await onSlice(index, slice);
    onProgress?.({ done: index + 1, total: records.length });
  }
}

async function decodeInThreads(
  workerData: DecodeWorkerData,
  records: readonly SliceRecord[],
  { workers, onSlice, onError, onProgress, signal }: DecodeAllOptions & { readonly workers: number },
): Promise<void> {
  const file = createRequire(import.meta.url).resolve("@slicebook/datasets/decode-worker");
  const errors = new Map<number, SlicebookError>();
  let next = 0;
  let done = 0;
  let abort = () => {};
  let taking = Promise.resolve();
  const running: Worker[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const hand = (worker: Worker) => {
        const start = next;
        next = Math.min(records.length, start + CHUNK);
        if (start < next) {
          worker.postMessage({ start, records: records.slice(start, next) } satisfies DecodeRequest);
        }
      };
      for (let count = Math.min(workers, Math.ceil(records.length / CHUNK)); count > 0; count--) {
        // Threads run the build, also where this process was told to resolve packages to their sources.
        const worker = new Worker(file, { workerData, execArgv: [] });
        running.push(worker);
        worker.on("error", reject);
        worker.on("exit", (code) => reject(new Error(`a decoding thread ended early, with code ${code}`)));
        const take = async ({ start, outcomes }: DecodeReply) => {
          for (const [index, outcome] of outcomes.entries()) {
            if ("slice" in outcome) await onSlice(start + index, outcome.slice);
            else errors.set(start + index, revived(outcome.error));
          }
          done += outcomes.length;
          onProgress?.({ done, total: records.length });
          if (done === records.length) resolve();
          else hand(worker);
        };
        worker.on("message", (reply: DecodeReply) => {
          taking = taking.then(() => take(reply));
          taking.catch(reject);
        });
        // Two requests at a time, so that no worker waits for its next one.
        hand(worker);
        hand(worker);
      }
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    await Promise.all(running.map((worker) => worker.terminate()));
    await taking.catch(() => {});
  }
  for (const index of [...errors.keys()].sort((left, right) => left - right)) {
    onError(index, errors.get(index)!);
  }
}

function revived({ code, message, remedy }: { code: string; message: string; remedy: string | undefined }) {
  return new SlicebookError(code, message, remedy === undefined ? {} : { remedy });
}
