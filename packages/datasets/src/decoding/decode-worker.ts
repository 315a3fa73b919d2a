import { parentPort, workerData } from "node:worker_threads";
import type { SliceRecord } from "../types.ts";
import { type DecodeOutcome, decodeOutcome } from "./decode-outcome.ts";
import type { DecodeOptions, SliceDecoder } from "./decode-slice.ts";

/** What a decoding worker is started with. */
export interface DecodeWorkerData {
  /** The adapter that decodes slices; none where they are files. */
  readonly specifier: string | undefined;
  /** Modules whose packages it may import. */
  readonly homes: readonly string[];
  readonly options: DecodeOptions;
}

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
async function loadDecoder({ specifier, homes }: DecodeWorkerData): Promise<SliceDecoder> {
  if (specifier === undefined) return {};
  const { loadAdapter } = await import("../adapters/load-adapter.ts");
  return (await loadAdapter(specifier, { homes })).adapter;
}

if (parentPort !== null) {
  const port = parentPort;
  const data: DecodeWorkerData = workerData;
  const loading = loadDecoder(data);
  port.on("message", async ({ start, records }: DecodeRequest) => {
    const decoder = await loading;
    const outcomes: DecodeOutcome[] = [];
    const buffers: ArrayBuffer[] = [];
    for (const record of records) {
      const outcome = await decodeOutcome(decoder, record, data.options);
      outcomes.push(outcome);
      const values = "slice" in outcome && "values" in outcome.slice && outcome.slice.values;
      if (values && values.buffer instanceof ArrayBuffer) buffers.push(values.buffer);
    }
    port.postMessage({ start, outcomes } satisfies DecodeReply, buffers);
  });
}
