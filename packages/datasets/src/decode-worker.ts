import { parentPort, workerData } from "node:worker_threads";
import { isSlicebookError } from "@slicebook/base";
import { type DecodedSlice, type DecodeOptions, decodeSlice, type SliceDecoder } from "./decode-slice.ts";
import type { SliceRecord } from "./types.ts";

/** What a decoding worker is started with. */
export interface DecodeWorkerData {
  /** The adapter that decodes slices; none where they are files. */
  readonly specifier: string | undefined;
  readonly options: DecodeOptions;
}

/** One slice's result: an error crosses threads as its parts. */
type DecodeOutcome =
  | { readonly slice: DecodedSlice }
  | {
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly remedy: string | undefined;
      };
    };

/** What a worker is asked: to decode some records, the first of which is number `start` of all. */
export interface DecodeRequest {
  readonly start: number;
  readonly records: readonly SliceRecord[];
}

/** A worker's answer to a request; two requests may be answered out of order. */
export interface DecodeReply {
  readonly start: number;
  readonly outcomes: readonly DecodeOutcome[];
}

/** Files need no adapter, nor what adapters import: a worker starts several times sooner without. */
async function loadDecoder(specifier: string | undefined): Promise<SliceDecoder> {
  if (specifier === undefined) return {};
  const { loadAdapter } = await import("./adapters.ts");
  return (await loadAdapter(specifier)).adapter;
}

if (parentPort !== null) {
  const port = parentPort;
  const { specifier, options }: DecodeWorkerData = workerData;
  const loading = loadDecoder(specifier);
  port.on("message", async ({ start, records }: DecodeRequest) => {
    const decoder = await loading;
    const outcomes: DecodeOutcome[] = [];
    const buffers: ArrayBuffer[] = [];
    for (const record of records) {
      try {
        const slice = await decodeSlice(decoder, record, options);
        if ("values" in slice && slice.values.buffer instanceof ArrayBuffer)
          buffers.push(slice.values.buffer);
        outcomes.push({ slice });
      } catch (error) {
        if (!isSlicebookError(error)) throw error;
        outcomes.push({ error: { code: error.code, message: error.message, remedy: error.remedy } });
      }
    }
    port.postMessage({ start, outcomes } satisfies DecodeReply, buffers);
  });
}
