/** The signals that ask for an orderly end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** The user, or the machine, asked to stop, and what there was has been saved. */
export class Interruption extends Error {
  readonly signal: StopSignal;
  readonly remedy: string;

  constructor(signal: StopSignal, message: string, remedy: string) {
    super(message);
    this.name = "Interruption";
    this.signal = signal;
    this.remedy = remedy;
  }
}

/** Work that a signal can stop. */
export interface Interruptible {
  readonly signal: AbortSignal;
  /** The signal that came, if one did. */
  received(): StopSignal | undefined;
  /** Leaves signals to the process again. */
  release(): void;
}

/**
 * Takes over Ctrl-C and `kill`: the first signal aborts, so that the work can save and end; the second exits at once,
 * and so does the first after `deadlineSeconds` (a minute unless given): work that waits for something does not hear it.
 * It stays so until it is released.
 *
 * `onStop` is called on the first, `onExit` before leaving at once (to put the terminal right).
 */
export function interruptible(options: {
  readonly onStop: () => void;
  readonly onExit: () => void;
  readonly deadlineSeconds?: number;
}): Interruptible {
  const { onStop, onExit, deadlineSeconds = 60 } = options;
  const controller = new AbortController();
  let received: StopSignal | undefined;
  let deadline: NodeJS.Timeout | undefined;

  function handle(signal: NodeJS.Signals): void {
    if (signal !== "SIGINT" && signal !== "SIGTERM") return;
    if (received !== undefined) {
      leave(signal);
      return;
    }
    received = signal;
    onStop();
    controller.abort();
    deadline = setTimeout(leave, 1000 * deadlineSeconds, signal).unref();
  }

  function leave(signal: StopSignal): void {
    onExit();
    // By the signal itself: leaving in order would wait for, and abort in, what the worker computes.
    process.off(signal, handle);
    process.kill(process.pid, signal);
  }

  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  function release(): void {
    clearTimeout(deadline);
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  }

  return { signal: controller.signal, received: () => received, release };
}
