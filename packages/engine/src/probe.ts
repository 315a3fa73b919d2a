import { isSlicebookError } from "@slicebook/base";
import { type Device, ENGINE_DEVICES, ENGINE_KINDS, type EngineKind } from "./engine.ts";
import { firstLine } from "./first-line.ts";
import { measure } from "./measure.ts";
import { openEngine } from "./open-engine.ts";

/** Whether an engine runs here, on one of its devices. */
export type EngineProbe =
  | {
      readonly kind: EngineKind;
      readonly device: Device;
      readonly available: true;
      /** The engine's own: its name, version, device and threads. */
      readonly description: string;
      /** Whether its graphics card is one in software. */
      readonly software: boolean;
      /** Measured on a 3×3 convolution, in 10⁹ additions and multiplications a second. */
      readonly gflops: number;
    }
  | {
      readonly kind: EngineKind;
      readonly device: Device;
      readonly available: false;
      /** Why not. */
      readonly reason: string;
      readonly remedy: string;
    };

/** Tries every engine on every device, fastest kind first, and measures those that run; takes about a second. */
export async function probeEngines({ threads }: { threads?: number } = {}): Promise<EngineProbe[]> {
  const probes: EngineProbe[] = [];
  // In turn, so that none is measured while another one works.
  for (const kind of ENGINE_KINDS) {
    for (const device of ENGINE_DEVICES[kind]) probes.push(await probe(kind, device, threads));
  }
  return probes;
}

async function probe(kind: EngineKind, device: Device, threads: number | undefined): Promise<EngineProbe> {
  try {
    const engine = await openEngine({ kind, device, ...(threads !== undefined && { threads }) });
    try {
      const gflops = await measure(engine);
      const { description, software } = engine;
      return { kind, device, available: true, description, software, gflops };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    const reason = firstLine(error);
    const remedy = isSlicebookError(error) ? error.remedy : undefined;
    const reinstall = "Install the packages again, without --no-optional or --ignore-scripts.";
    return { kind, device, available: false, reason, remedy: remedy ?? reinstall };
  }
}
