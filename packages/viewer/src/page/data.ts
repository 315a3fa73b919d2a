import { useEffect, useRef, useState } from "preact/hooks";
import type { MetricsRow, RunAnswer, RunsAnswer, ViewerEvent } from "../shared/answers.ts";

/** What is being waited for, what came, or why it did not. */
export type Loaded<T> =
  | { readonly state: "waiting" }
  | { readonly state: "here"; readonly value: T }
  | { readonly state: "failed"; readonly reason: string };

/** The address of a file of a run. */
export function fileUrl(id: string, path: string): string {
  return new URL(`files/${encodeURIComponent(id)}/${path}`, document.baseURI).href;
}

/** The address of an answer about a run. */
export function dataUrl(id: string, name: string): string {
  return new URL(`data/${encodeURIComponent(id)}/${name}`, document.baseURI).href;
}

export async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetch(new URL(path, document.baseURI), { cache: "no-store" }).catch(() => undefined);
  if (response === undefined)
    throw new Error("The server does not answer. Is `slicebook view` still running?");
  if (!response.ok) {
    const text = response.headers.get("content-type")?.startsWith("text/plain") ? await response.text() : "";
    throw new Error(text.trim() || `The server answered ${response.status} to ${path}.`);
  }
  return response.json() as Promise<T>; // the server is of the same build
}

/** What `load` gives; loaded again whenever `key` changes. What came before stays until the next is here. */
export function useLoaded<T>(load: () => Promise<T>, key: string): Loaded<T> {
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly of: Loaded<T> }>({
    key,
    of: { state: "waiting" },
  });
  useEffect(() => {
    let wanted = true;
    load().then(
      (value) => wanted && setLoaded({ key, of: { state: "here", value } }),
      (error: unknown) => wanted && setLoaded({ key, of: { state: "failed", reason: messageOf(error) } }),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return loaded.of;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Listener = (event: ViewerEvent) => void;
const listeners = new Set<Listener>();
let source: EventSource | undefined;

/** Whether changes in the folder are being reported: not yet, now, or no longer. */
export type Connection = "connecting" | "live" | "lost";
let connection: Connection = "connecting";
const connectionListeners = new Set<(connection: Connection) => void>();

function setConnection(now: Connection): void {
  connection = now;
  for (const one of connectionListeners) one(now);
}

export function useConnection(): Connection {
  const [now, setNow] = useState(connection);
  useEffect(() => {
    setNow(connection);
    connectionListeners.add(setNow);
    return () => void connectionListeners.delete(setNow);
  }, []);
  return now;
}

/** Calls `listener` for what the server reports; the first call opens the connection, which then stays. */
function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (source === undefined) {
    source = new EventSource(new URL("events", document.baseURI));
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const event: ViewerEvent = JSON.parse(data);
      if (event.type === "watching") setConnection("live");
      for (const one of listeners) one(event);
    };
    source.onerror = () => setConnection("lost");
  }
  return () => listeners.delete(listener);
}

/** All runs, and what changes of them. */
export function useRuns(): Loaded<RunsAnswer> {
  const loaded = useLoaded(() => fetchJson<RunsAnswer>("data/runs.json"), "runs");
  const [newer, setNewer] = useState<RunsAnswer>();
  const live = loaded.state === "here" && loaded.value.live;
  useEffect(() => {
    if (!live) return;
    let told = 0;
    return listen((event) => {
      if (event.type === "runs") {
        told += 1;
        setNewer(event.answer);
      }
      if (event.type !== "watching") return;
      const before = told;
      fetchJson<RunsAnswer>("data/runs.json").then(
        (answer) => before === told && setNewer(answer),
        () => undefined, // what was there stays
      );
    });
  }, [live]);
  return newer === undefined ? loaded : { state: "here", value: newer };
}

/** One run; its curves grow while it trains. */
export function useRun(id: string, live: boolean): Loaded<RunAnswer> {
  const [version, setVersion] = useState(0);
  /** How often rows of this run were reported. */
  const told = useRef(0);
  const loaded = useLoaded(async () => {
    const before = told.current;
    const answer = await fetchJson<RunAnswer>(`data/${encodeURIComponent(id)}/run.json`);
    // Rows that were reported while it was on its way may not be in it.
    if (told.current !== before) setVersion((number) => number + 1);
    return answer;
  }, `${id} ${version}`);
  const [grown, setGrown] = useState<{ readonly of: RunAnswer; readonly rows: readonly MetricsRow[] }>();
  const answer = loaded.state === "here" ? loaded.value : undefined;
  useEffect(() => {
    if (!live) return;
    return listen((event) => {
      if (event.type === "watching" || (event.type === "run" && event.id === id))
        setVersion((before) => before + 1);
      if (event.type !== "metrics" || event.id !== id) return;
      told.current += 1;
      if (answer === undefined) return;
      setGrown((before) => {
        const rows = before?.of === answer ? before.rows : answer.metrics;
        // A gap: rows were reported before this page listened.
        if (event.from > rows.length) {
          setVersion((number) => number + 1);
          return before;
        }
        return { of: answer, rows: [...rows.slice(0, event.from), ...event.rows] };
      });
    });
  }, [id, live, answer]);
  if (answer === undefined || grown?.of !== answer) return loaded;
  return { state: "here", value: { ...answer, metrics: grown.rows } };
}
