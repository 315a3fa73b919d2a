import { messageOf } from "../data.ts";
import type { CallName, Calls, EventOf, FromWorker, ToWorker } from "./protocol.ts";

/** Why a call failed, in words for the reader. */
export class CallError extends Error {
  readonly remedy: string | null;
  readonly cancelled: boolean;

  constructor(message: string, options: { readonly remedy: string | null; readonly cancelled: boolean }) {
    super(message);
    this.name = "CallError";
    this.remedy = options.remedy;
    this.cancelled = options.cancelled;
  }
}

/** What failed and what to do about it, in words. */
export function textOf(error: unknown): string {
  const remedy = error instanceof CallError ? error.remedy : null;
  return `${messageOf(error)}.${remedy === null ? "" : ` ${remedy}`}`;
}

export interface CallOptions<Name extends CallName> {
  readonly onEvent?: (event: EventOf<Name>) => void;
  readonly signal?: AbortSignal;
}

/** The worker in which models are loaded and computed, so that the page stays responsive. */
export interface ModelClient {
  call<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
    options?: CallOptions<Name>,
  ): Promise<Calls[Name]["answer"]>;
  close(): void;
}

export function startModelClient(): ModelClient {
  const worker = new Worker(new URL("./model-worker.ts", import.meta.url), { type: "module", name: "model" });
  const waiting = new Map<
    number,
    { done(answer: never): void; failed(error: Error): void; onEvent: ((event: never) => void) | undefined }
  >();
  let count = 0;
  const send = (message: ToWorker) => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    const call = waiting.get(data.call);
    if (call === undefined) return;
    if ("event" in data) {
      call.onEvent?.(data.event as never);
      return;
    }
    waiting.delete(data.call);
    if ("error" in data) call.failed(new CallError(data.error, data));
    else call.done(data.answer as never);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new CallError(`the model's worker stopped: ${event.message || "it could not be loaded"}`, {
      remedy: "Reload the page.",
      cancelled: false,
    });
    for (const { failed } of waiting.values()) failed(error);
    waiting.clear();
  };
  return {
    call(name, argument, { onEvent, signal } = {}) {
      const call = ++count;
      return new Promise((done, failed) => {
        waiting.set(call, { done, failed, onEvent });
        signal?.addEventListener("abort", () => send({ cancel: call }), { once: true });
        send({ call, name, argument });
      });
    },
    close: () => worker.terminate(),
  };
}
