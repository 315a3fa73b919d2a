import { SlicebookError } from "@slicebook/base";
import {
  checkThreads,
  ENGINE_DEVICES,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
  type PassedOver,
} from "./engine.ts";
import { firstLine } from "./first-line.ts";
import { measure } from "./measure.ts";
import { type NamedEngine, openEngine } from "./open-engine.ts";

/** Never chosen: `wasm` cannot train, and `cpu` is for reference. */
const NOT_CHOSEN: readonly EngineKind[] = ["wasm", "cpu"];

interface Candidate {
  readonly engine: Engine;
  readonly gflops: number;
}

/**
 * Tries every engine that can train, measures those that run on hardware, and gives the fastest.
 *
 * With a device, only engines on it. Throws if none runs.
 */
export async function chooseEngine(options: Omit<NamedEngine, "kind">): Promise<Engine> {
  const { device, threads } = options;
  checkThreads(threads);
  const passedOver: PassedOver[] = [];
  let best: Candidate | undefined;
  for (const kind of ENGINE_KINDS.filter((kind) => !NOT_CHOSEN.includes(kind))) {
    for (const on of ENGINE_DEVICES[kind]) {
      if (device !== undefined && device !== on) continue;
      const outcome = await tryEngine({ ...options, kind, device: on });
      if (typeof outcome === "string") {
        passedOver.push({ kind, device: on, reason: outcome });
      } else if (best === undefined || outcome.gflops > best.gflops) {
        if (best !== undefined) passedOver.push(await slower(best));
        best = outcome;
      } else {
        passedOver.push(await slower(outcome));
      }
    }
  }
  if (best !== undefined) return { ...best.engine, passedOver };
  const reasons = passedOver.map(({ kind, device, reason }) => `${kind} on ${device}: ${reason}`);
  throw new SlicebookError("ENGINE_UNAVAILABLE", `no engine runs here: ${reasons.join("; ")}`, {
    remedy: device === undefined ? "Install the packages again." : "Leave engine.device out.",
  });
}

/** The engine and its speed, or why it is not taken. */
async function tryEngine(named: NamedEngine): Promise<Candidate | string> {
  try {
    const engine = await openEngine(named);
    if (!engine.software) return { engine, gflops: await measure(engine) };
    await engine.dispose();
    return `a graphics card in software (${engine.description})`;
  } catch (error) {
    return firstLine(error);
  }
}

async function slower({ engine, gflops }: Candidate): Promise<PassedOver> {
  const { kind, device } = engine;
  await engine.dispose();
  return { kind, device, reason: `${gflops.toPrecision(2)} GFLOP/s, which is slower` };
}
