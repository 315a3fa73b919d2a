import { isSlicebookError } from "@slicebook/base";
import { codeGridsIn } from "@slicebook/core/host";
import { checkValues } from "@slicebook/datasets";
import { loadGrids, loadHeader } from "./load-tensors.ts";
import { type Model, openModel } from "./model.ts";
import type { CallName, Calls, EventOf, FromWorker, Grids, ToWorker } from "./protocol.ts";
import { readScan, type Scan } from "./read-scan.ts";
import { contentOf } from "./restore.ts";

// The page's types have no worker's scope; this is the part of it that is used.
const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};

interface Context<Name extends CallName> {
  readonly signal: AbortSignal;
  readonly onEvent: (event: EventOf<Name>) => void;
}

let model: Promise<Model> | undefined;
let scan: Scan | undefined;

const handlers: {
  [Name in CallName]: (
    argument: Calls[Name]["argument"],
    context: Context<Name>,
  ) => Promise<Calls[Name]["answer"]>;
} = {
  async open(options) {
    const before = model;
    model =
      before
        ?.then(
          (old) => old.dispose(),
          () => undefined,
        )
        .then(() => openModel(options)) ?? openModel(options);
    return (await model).opened;
  },
  async scan({ file, name }) {
    const model = await opened();
    scan = undefined;
    scan = await readScan(file, name, model.orientation);
    if (scan.kind === "volume") return { kind: "volume", name, shape: scan.shape };
    const { height, width, type } = scan.image;
    return { kind: "slice", name, height, width, type };
  },
  async slice({ plane, index, fit }) {
    if (scan === undefined) throw new Error("no file has been read");
    const image = scan.kind === "volume" ? await scan.slice(plane, index) : scan.image;
    checkValues(image);
    return (await opened()).encode(image, scan.name, fit);
  },
  decode: async ({ codes }) => (await opened()).decode(codes),
  images: async ({ grids }) => (await opened()).images(grids),
  likelihood: async ({ codes, label }) => (await opened()).likelihood(codes, label),
  patches: async ({ level }) => (await opened()).patches(level),
  async grids({ url, indices }) {
    const levels = codeGridsIn((await loadHeader(url)).tensors);
    return Promise.all(
      indices.map(
        (index): Promise<Grids> => Promise.all(levels.map((tensor) => loadGrids(url, tensor, index, 1))),
      ),
    );
  },
  sample: async (request, { onEvent, signal }) => (await opened()).sample(request, onEvent, signal),
  restore: async ({ file, name }, { onEvent, signal }) =>
    (await opened()).restore({ file: name, content: await contentOf(file, name) }, onEvent, signal),
};

async function opened(): Promise<Model> {
  if (model === undefined) throw new Error("no model has been opened");
  return model;
}

const running = new Map<number, AbortController>();
/** Calls are answered one after the other: they share the engine, and the slice that is looked at. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ("cancel" in data) {
    running.get(data.cancel)?.abort();
    return;
  }
  const { call, name, argument } = data;
  const controller = new AbortController();
  running.set(call, controller);
  last = last.then(async () => {
    try {
      controller.signal.throwIfAborted();
      const handler = handlers[name] as (argument: unknown, context: Context<CallName>) => Promise<unknown>;
      const onEvent = (event: EventOf<CallName>) => scope.postMessage({ call, event });
      scope.postMessage({ call, answer: await handler(argument, { signal: controller.signal, onEvent }) });
    } catch (error) {
      scope.postMessage({
        call,
        error: error instanceof Error ? error.message : String(error),
        remedy: isSlicebookError(error) ? (error.remedy ?? null) : null,
        cancelled: controller.signal.aborted,
      });
    } finally {
      running.delete(call);
    }
  });
};
