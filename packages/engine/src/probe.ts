import { float32, isSlicebookError, sizeOf } from "@slicebook/base";
import { conv2d, type Tensor4D } from "@tensorflow/tfjs-core";
import { createEngine } from "./create-engine.ts";
import { type Device, ENGINE_DEVICES, ENGINE_KINDS, type Engine, type EngineKind } from "./engine.ts";

/** Whether an engine runs here, on one of its devices. */
export type EngineProbe =
  | {
      readonly kind: EngineKind;
      readonly device: Device;
      readonly available: true;
      /** The engine's own: its name, version, device and threads. */
      readonly description: string;
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

/** Sides and channels of what is convolved, up to one that takes long enough to be timed. */
const SIZES = [16, 32, 64, 128];
const LONG_ENOUGH_MS = 10;
const KERNEL = 3;
const REPEATS = 3;

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
    const engine = await createEngine({ kind, device, ...(threads !== undefined && { threads }) });
    try {
      const gflops = await measure(engine);
      return { kind, device, available: true, description: engine.description, gflops };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    const [reason = "it failed"] = String(error instanceof Error ? error.message : error).split("\n");
    const remedy = isSlicebookError(error) ? error.remedy : undefined;
    const reinstall = "Install the packages again, without --no-optional or --ignore-scripts.";
    return { kind, device, available: false, reason, remedy: remedy ?? reinstall };
  }
}

/** In 10⁹ operations a second; the size grows until a convolution takes long enough to be timed. */
async function measure(engine: Engine): Promise<number> {
  let speed = 0;
  for (const size of SIZES) {
    const milliseconds = await timeConvolution(engine, size);
    speed = (2 * (size * KERNEL * size) ** 2) / (milliseconds * 1e6);
    if (milliseconds > LONG_ENOUGH_MS) break;
  }
  return speed;
}

/** The shortest of a few convolutions; the first call, which warms up, does not count. */
async function timeConvolution(engine: Engine, size: number): Promise<number> {
  const shapes = [
    [1, size, size, size],
    [KERNEL, KERNEL, size, size],
  ];
  const args = shapes.map((shape) =>
    float32(
      Float32Array.from({ length: sizeOf(shape) }, (_, index) => Math.sin(index)),
      shape,
    ),
  );
  const convolve = (x: Tensor4D, kernel: Tensor4D) => conv2d(x, kernel, 1, "same");
  const compiled = await engine.compile(
    convolve,
    shapes.map((shape) => ({ shape, dtype: "float32" as const })),
  );
  try {
    await compiled.run(...args);
    let shortest = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const start = performance.now();
      await compiled.run(...args);
      shortest = Math.min(shortest, performance.now() - start);
    }
    return shortest;
  } finally {
    await compiled.dispose();
  }
}
