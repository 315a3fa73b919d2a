import type { Event } from "./events.ts";

type ProgressEvent = Extract<Event, { readonly type: "progress" }>;

/** Seconds between two progress events of one thing, at least. */
const SECONDS = 0.2;

/** Says how far something is that has no epochs: its rate since now, and the seconds left. */
export function reportProgress(
  emit: (event: Event) => void,
  stage: ProgressEvent["stage"],
  unit: ProgressEvent["unit"],
): (done: number, total: number) => void {
  const start = performance.now() / 1000;
  let shown = -Infinity;
  return (done, total) => {
    const now = performance.now() / 1000;
    if (done < total && now - shown < SECONDS) return;
    shown = now;
    const rate = now > start ? done / (now - start) : 0;
    emit({
      type: "progress",
      stage,
      step: done,
      totalSteps: total,
      epoch: 0,
      fraction: total === 0 ? 1 : done / total,
      unit,
      ...(rate > 0 ? { rate, eta: (total - done) / rate } : {}),
      metrics: {},
    });
  };
}
