import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SlicebookError, specsOf } from "@slicebook/base";
import { createEngine } from "@slicebook/engine";
import { trace } from "@slicebook/tfjs-onnx";
import { z } from "zod";
import type { Cell } from "./compare.ts";
import { inPrecision } from "./in-precision.ts";
import type { EngineChoice } from "./measurement.ts";
import { referenceTraining } from "./reference-step.ts";
import { tableLines } from "./table.ts";
import { totalWork, type Work, workOf } from "./work.ts";

/** The first step compiles and warms up. */
const STEPS = 4;
const SHOWN = 20;

export interface ProfileOptions {
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly cell: Cell;
  /** Told what is done next. */
  readonly onProgress: (message: string) => void;
}

/** One kernel, with the shapes that it was run for. */
export interface KernelTime {
  readonly kernel: string;
  readonly shapes: string;
  /** How often in a step. */
  readonly count: number;
  /** Of all of them in a step. */
  readonly milliseconds: number;
}

export interface ProfileResult {
  readonly benchmark: "profile";
  readonly engine: string;
  readonly size: string;
  readonly batch: number;
  /** Kernels in a step, and the time of all of them; on CUDA that of starting them. */
  readonly kernels: number;
  readonly milliseconds: number;
  /** The slowest first. */
  readonly slowest: readonly KernelTime[];
  /** What a step takes by the traced graph, by kind of operation. */
  readonly work: readonly Work[];
}

/** ONNX Runtime's profile: the nodes of its graph, and on WebGPU (`Api`) each kernel as the card timed it; in µs. */
const profileSchema = z.array(
  z.object({
    cat: z.string().optional(),
    name: z.string(),
    dur: z.number(),
    args: z.looseObject({
      op_name: z.string().optional(),
      shapes: z.string().optional(),
      input_type_shape: z.unknown().optional(),
      output_type_shape: z.unknown().optional(),
    }),
  }),
);
type ProfileEvent = z.output<typeof profileSchema>[number];

/** Takes a few training steps of the reference VQ-VAE, and lists what their kernels took. */
export async function profile({
  engine: choice,
  threads,
  cell,
  onProgress,
}: ProfileOptions): Promise<ProfileResult> {
  if (choice.kind !== "onnx") {
    throw new SlicebookError("USAGE", `profile: ${choice.kind} has no profile, only onnx on its devices`);
  }
  const { size, batch } = cell;
  const { carry, ...training } = referenceTraining(size, batch);
  const { step, signature, inputs } = inPrecision(training, choice.precision);
  const folder = await mkdtemp(join(tmpdir(), "slicebook-profile-"));
  try {
    const engine = await createEngine({ ...choice, threads, profile: join(folder, "profile") });
    onProgress(`${size.join("x")} batch ${batch}: ${STEPS} steps with ${engine.description}`);
    const loop = await engine.loop(step, carry, signature, { mixedPrecision: true });
    for (let number = 0; number < STEPS; number++) await loop.next(inputs(number));
    await loop.dispose();
    await engine.dispose();
    const [file] = await readdir(folder);
    const events = profileSchema.parse(JSON.parse(await readFile(join(folder, file!), "utf8")));
    const { nodes } = trace(step as never, [specsOf(carry), signature], {
      target: choice.device,
      ...(choice.precision === "float16" && { float16: "products" }),
    });
    const kernels = kernelTimes(events);
    return {
      benchmark: "profile",
      engine: engine.description,
      size: size.join("x"),
      batch,
      kernels: kernels.reduce((sum, { count }) => sum + count, 0),
      milliseconds: kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      slowest: kernels.slice(0, SHOWN),
      work: workOf(nodes),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The kernels of a step, the slowest first; each at its fastest of all steps, whose kernels are the same in the same order. */
function kernelTimes(events: readonly ProfileEvent[]): KernelTime[] {
  const onCard = events.filter(({ cat }) => cat === "Api");
  const all = onCard.length > 0 ? onCard : events.filter(({ name }) => name.endsWith("_kernel_time"));
  const perStep = all.length / STEPS;
  const kernels = new Map<string, KernelTime>();
  for (const [index, event] of all.slice(0, perStep).entries()) {
    const times = Array.from({ length: STEPS }, (_, step) => all[index + step * perStep]!.dur);
    const [kernel, shapes] = describe(event);
    const key = `${kernel} ${shapes}`;
    const { count = 0, milliseconds = 0 } = kernels.get(key) ?? {};
    kernels.set(key, {
      kernel,
      shapes,
      count: count + 1,
      milliseconds: milliseconds + Math.min(...times) / 1000,
    });
  }
  return [...kernels.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** A kernel's name, on WebGPU that of the operation and its shader, and its shapes. */
function describe({ name, args }: ProfileEvent): readonly [kernel: string, shapes: string] {
  if (args.shapes !== undefined) {
    const shapes = Array.from(
      args.shapes.matchAll(/(in|out)puts\[\d+\] = \{([\d,]*)\}/g),
      ([, end, sides]) => ({ end, sides }),
    );
    const of = (side: string): string =>
      shapes
        .filter(({ end }) => end === side)
        .map(({ sides }) => `[${sides}]`)
        .join(" ");
    return [name.split("&").slice(1).join(" "), `${of("in")} → ${of("out")}`];
  }
  const listed = (types: unknown): string =>
    JSON.stringify(types ?? [])
      .replace(/\{"\w+":(\[[\d,]*\])\}/g, "$1")
      .replace(/^\[(.*)\]$/, "$1")
      .replaceAll("],[", "] [");
  return [args.op_name ?? name, `${listed(args.input_type_shape)} → ${listed(args.output_type_shape)}`];
}

/** The result for people. */
export function formatProfile({
  engine,
  size,
  batch,
  kernels,
  milliseconds,
  slowest,
  work,
}: ProfileResult): string {
  const times = slowest.map(({ kernel, shapes, count, milliseconds: time }) => [
    kernel,
    String(count),
    time.toFixed(2),
    `${((100 * time) / milliseconds).toFixed(1)} %`,
    shapes,
  ]);
  const all = totalWork(work);
  const rows = [...work.filter(({ bytes }) => bytes > 0.002 * all.bytes), all].map(
    ({ op, count, flop, bytes }) => [op, String(count), (flop / 1e9).toFixed(2), (bytes / 1e6).toFixed(0)],
  );
  return [
    ...tableLines([["kernel", "count", "ms", "share", "shapes"], ...times]),
    "",
    ...tableLines([["operation", "count", "GFLOP", "MB"], ...rows]),
    "",
    `${engine}, ${size}, batch ${batch}: ${kernels} kernels a step, ${milliseconds.toFixed(1)} ms`,
    `By the graph: ${(all.flop / batch / 1e9).toFixed(2)} GFLOP and ${(all.bytes / batch / 1e6).toFixed(0)} MB an image`,
  ].join("\n");
}
