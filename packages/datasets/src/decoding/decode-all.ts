import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { offeredHomes } from "@slicebook/base/node";
import type { LoadedAdapter } from "../adapters/load-adapter.ts";
import { isOutOfMemory } from "../out-of-memory.ts";
import type { SliceRecord } from "../types.ts";
import { type DecodeError, decodeOutcome } from "./decode-outcome.ts";
import { type DecodedSlice, type DecodeOptions, decodeSlice, type SliceDecoder } from "./decode-slice.ts";
import type { DecodeReply, DecodeRequest, DecodeWorkerData } from "./decode-worker.ts";

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
  /** Threads that decode, this one among them. As many as there are processors unless given. */
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
  if (onlyHere || workers <= 1 || records.length < LEAST_FOR_THREADS) {
    return decodeHere(adapter, records, options);
  }
  const workerData = {
    specifier: drawn ? specifier : undefined,
    homes: offeredHomes(),
    options: options.decode,
  };
  return decodeInThreads(adapter, workerData, records, { ...options, workers });
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

/**
 * Hands slices out in chunks, to this thread as to the others: it begins while they start, and takes what they have
 * decoded between two of its own slices.
 */
async function decodeInThreads(
  adapter: SliceDecoder,
  workerData: DecodeWorkerData,
  records: readonly SliceRecord[],
  { workers, onSlice, onError, onProgress, signal }: DecodeAllOptions & { readonly workers: number },
): Promise<void> {
  const file = createRequire(import.meta.url).resolve("@slicebook/datasets/decode-worker");
  const errors = new Map<number, SlicebookError>();
  let next = 0;
  let done = 0;
  let ended = false;
  let abort = () => {};
  let taking = Promise.resolve();
  const running: Worker[] = [];
  const nextChunk = (): DecodeRequest => {
    const start = next;
    next = Math.min(records.length, start + CHUNK);
    return { start, records: records.slice(start, next) };
  };
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const take = async ({ start, outcomes }: DecodeReply) => {
        for (const [index, outcome] of outcomes.entries()) {
          if ("slice" in outcome) await onSlice(start + index, outcome.slice);
          else errors.set(start + index, revived(outcome.error));
        }
        done += outcomes.length;
        onProgress?.({ done, total: records.length });
        if (done === records.length) resolve();
      };
      /** One reply after another. */
      const taken = (reply: DecodeReply) => {
        taking = taking.then(() => take(reply));
        return taking;
      };
      const hand = (worker: Worker) => {
        const request = nextChunk();
        if (request.records.length > 0) worker.postMessage(request);
      };
      for (let count = Math.min(workers, Math.ceil(records.length / CHUNK)) - 1; count > 0; count--) {
        // Threads run the build, also where this process was told to resolve packages to their sources.
        const worker = new Worker(file, { workerData, execArgv: [] });
        running.push(worker);
        worker.on("error", (error) => reject(isOutOfMemory(error) ? noRoom(error) : error));
        worker.on("exit", (code) => reject(new Error(`a decoding thread ended early, with code ${code}`)));
        worker.on("message", (reply: DecodeReply) => taken(reply).then(() => hand(worker), reject));
        // Two requests at a time, so that no worker waits for its next one.
        hand(worker);
        hand(worker);
      }
      const decodeBeside = async () => {
        while (next < records.length) {
          const { start, records: chunk } = nextChunk();
          for (const [index, record] of chunk.entries()) {
            const outcome = await decodeOutcome(adapter, record, workerData.options);
            if (ended) return;
            await taken({ start: start + index, outcomes: [outcome] });
            await setImmediate(); // lets in what others have sent
          }
        }
      };
      decodeBeside().catch(reject);
    });
  } finally {
    ended = true;
    signal?.removeEventListener("abort", abort);
    await Promise.all(running.map((worker) => worker.terminate()));
    await taking.catch(() => {});
  }
  for (const index of [...errors.keys()].sort((left, right) => left - right)) {
    onError(index, errors.get(index)!);
  }
}

function noRoom(cause: unknown): SlicebookError {
  return new SlicebookError("OUT_OF_MEMORY", "there is not enough memory for a decoding thread", {
    remedy: "End other programs, or raise the limit (ulimit -v, the container's or the job's memory).",
    cause,
  });
}

function revived({ code, message, remedy }: DecodeError): SlicebookError {
  return new SlicebookError(code, message, remedy === undefined ? {} : { remedy });
}
