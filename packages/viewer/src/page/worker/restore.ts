import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  type ErrorCode,
  type HostTensors,
  isSlicebookError,
  SlicebookError,
  type TensorEngine,
} from "@slicebook/base";
import {
  type BoundPrior,
  type BoundVqvae,
  type CodeTable,
  type CompressedFile,
  type CompressedSlice,
  codeTable,
  createPriorCoder,
  hashedParts,
  openCompressed,
} from "@slicebook/core";
import { LARGEST_FILE, type Preprocessing, restoreSlice } from "@slicebook/datasets";
import { createExactEngine } from "@slicebook/engine/browser";
import { restoredGreys } from "@slicebook/model";
import { encode as encodePng } from "fast-png";
import type { FrequenciesAnswer } from "../../shared/answers.ts";
import type { CompressedEntry, Grids, OpenOptions, RestoreEvent } from "./protocol.ts";

/** What compressed slices are restored by: the run's model, and the prior that its files are coded by. */
export interface Restorer {
  readonly model: BoundVqvae;
  /** Averaged weights and codebooks. */
  readonly parameters: HostTensors;
  readonly preprocessing: Preprocessing;
  readonly decode: (codes: Grids) => Promise<Float32Array>;
  /** Undefined where the run has none. */
  readonly prior:
    | {
        readonly bound: BoundPrior;
        readonly parameters: () => Promise<HostTensors>;
        readonly classes: readonly string[];
      }
    | undefined;
  readonly urls: Pick<OpenOptions["urls"], "frequencies">;
}

/** The bytes of a file that may be a compressed one; throws `SLBK_INVALID` if it is too large. */
export async function contentOf(file: Blob, name: string): Promise<Uint8Array> {
  if (file.size > LARGEST_FILE) {
    throw new SlicebookError("SLBK_INVALID", `${name} cannot be read: it has ${file.size} bytes`, {
      remedy: `Give files of at most ${LARGEST_FILE} bytes.`,
    });
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** Restores the slices of a compressed file as `slicebook decompress` does, and tells of each. */
export async function restoreFile(
  file: CompressedFile,
  { model, parameters, preprocessing, decode, prior, urls }: Restorer,
  { onEvent, signal }: { readonly onEvent: (event: RestoreEvent) => void; readonly signal: AbortSignal },
): Promise<void> {
  const [height, width] = model.size;
  const opened = await inWordsOfPage(() =>
    openCompressed([file], {
      names: { run: "the run shown", tables: "its training slices", prior: "its prior" },
      model: { size: model.size, levels: model.levels, hashes: [hashOf(parameters)] },
      tables: () => loadTables(urls.frequencies),
      async prior() {
        if (prior === undefined) return undefined;
        const { bound, classes } = prior;
        const weights = await prior.parameters();
        const engine = listening(createExactEngine());
        const hash = hashOf(weights);
        return createPriorCoder({ prior: bound, parameters: weights, hash, classes, engine, signal });
      },
    }),
  );
  onEvent({ slices: opened.slices.map(entryOf) });
  const onCodes = (done: number, all: number) => onEvent({ codes: { done, all } });
  for await (const { record, codes } of opened.read(onCodes)) {
    const restored = restoreSlice(preprocessing, record.map, await decode(codes));
    const data = Uint8Array.from(restoredGreys(restored, record), (grey) => Math.round(255 * grey));
    const png = encodePng({ width, height, data, channels: 1, depth: 8 });
    onEvent({ picture: new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }) });
    await nextTurn();
    signal.throwIfAborted();
  }
}

/** How long, in milliseconds, the worker computes before it takes the messages sent to it. */
const UNHEARD = 100;

/** An engine whose loops let the worker hear whether it is to stop. */
function listening(engine: TensorEngine): TensorEngine {
  let heard = performance.now();
  return {
    ...engine,
    async loop(...args) {
      const loop = await engine.loop(...args);
      return {
        ...loop,
        async next(inputs) {
          if (performance.now() - heard > UNHEARD) {
            await nextTurn();
            heard = performance.now();
          }
          return loop.next(inputs);
        },
      };
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

function entryOf({ file, name, bytes, record }: CompressedSlice): CompressedEntry {
  const { original, policy, affine } = record;
  return {
    name: name ?? file.replace(/\.slbk$/i, ""),
    bytes,
    originalSize: policy === "none" ? null : (original.size ?? null),
    placed: affine !== undefined,
  };
}

/** What to do in the page about files that do not fit the run. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  MODEL_DIFFERS: "Open the run that it was compressed with.",
  PRIOR_DIFFERS: "Open the run that it was compressed with, as it was then.",
  CODES_DIFFER: "Open the run that it was compressed with, as it was then, or compress the originals anew.",
};

/** As on the command line; what to do about a file of another run is said in the page's words. */
async function inWordsOfPage<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const remedy = isSlicebookError(error) && REMEDIES[error.code];
    if (!remedy) throw error;
    throw new SlicebookError(error.code, error.message, { remedy, cause: error });
  }
}

async function loadTables(url: string): Promise<CodeTable[]> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) {
    throw new SlicebookError("STAGE_MISSING", "the run shown has no codes of its training slices", {
      remedy: "Run `slicebook encode` for it, and reload the page.",
    });
  }
  const { levels }: FrequenciesAnswer = await response.json(); // the server is of the same build
  return levels.map(codeTable);
}

/** The SHA-256 of tensors, also where the browser has none: in pages without TLS. */
function hashOf(tensors: HostTensors): string {
  const hash = sha256.create();
  for (const part of hashedParts(tensors)) hash.update(part);
  return bytesToHex(hash.digest());
}
