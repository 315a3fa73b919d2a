import { SlicebookError } from "@slicebook/base";
import type { TraceResult } from "@slicebook/tfjs-onnx";
import { conv2d, type Tensor4D } from "@tensorflow/tfjs-core";
import { checkCudaProvider, cudaFailure } from "./cuda.ts";
import type { Device, Precision } from "./engine.ts";
import { firstLine } from "./first-line.ts";
import { describeGpu, gpuInfo, isSoftwareGpu } from "./gpu.ts";
import { installNodeGpu } from "./node-gpu.ts";
import { InferenceSession, Tensor as OrtTensor } from "./onnx-runtime.ts";
import { traceAny } from "./traced.ts";

export type OrtTensors = Record<string, OrtTensor>;

export interface Session {
  run(feeds: OrtTensors): Promise<OrtTensors>;
  release(): Promise<void>;
}

export interface SessionOptions {
  readonly device: Device;
  readonly threads: number;
  /** Outputs that stay with the device. */
  readonly onDevice?: readonly string[] | undefined;
  /** How the name of the file starts into which times are written when the session is released. */
  readonly profile?: string | undefined;
}

/** ONNX Runtime refuses a graph without outputs: that of a function which only hands its arguments through. */
const EMPTY_SESSION: Session = { run: async () => ({}), release: async () => undefined };

/** Makes a session of a traced graph on a device. */
export async function openSession(
  { model, outputs }: TraceResult,
  { device, threads, onDevice = [], profile }: SessionOptions,
): Promise<Session> {
  if (outputs.length === 0) return EMPTY_SESSION;
  // Of the devices with memory of their own, ONNX Runtime's binding leaves outputs only there.
  const locations = Object.fromEntries(
    outputs.map(({ name }) => [name, onDevice.includes(name) ? "gpu-buffer" : "cpu"] as const),
  );
  const session = await InferenceSession.create(model, {
    // What a device cannot do is done on the CPU.
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // The arena reuses freed blocks by itself: the fixed plan only raised the peak (4.2 GB against 2.5 GB, batch 16).
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      session: {
        // Adam's second moments fade into denormals, which slow every operation on them down.
        set_denormal_as_zero: "1",
        // Threads that wait in a loop made nothing faster, and took a fifth to a third more processor time.
        intra_op: { allow_spinning: "0" },
      },
    },
    ...(device === "webgpu" && { preferredOutputLocation: locations }),
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  });
  if (profile === undefined) return session;
  return {
    run: (feeds) => session.run(feeds),
    async release() {
      session.endProfiling();
      await session.release();
    },
  };
}

/** Whether a tensor is in the memory of a device, from which it cannot be read directly. */
export function isOnDevice(tensor: OrtTensor): boolean {
  return tensor.location === "gpu-buffer";
}

/** A device of ONNX Runtime that works, by its name. */
export interface OnnxDevice {
  readonly name: string;
  /** Whether it is a graphics card in software; false also where the card cannot be named. */
  readonly software: boolean;
}

/** Makes sure that a device works; throws with the reason and a remedy if not. */
export async function startOnnxDevice(device: Device, precision: Precision): Promise<OnnxDevice> {
  if (device === "cpu") return { name: "CPU", software: false };
  if (device === "cuda") checkCudaProvider();
  try {
    await tryConvolution(device, precision);
  } catch (cause) {
    if (device === "cuda") throw cudaFailure(cause);
    if (/requires f16/.test(String(cause))) {
      throw new SlicebookError(
        "ENGINE_UNAVAILABLE",
        "the graphics card has no half precision (WebGPU's shader-f16)",
        {
          remedy: "Leave engine.precision out.",
          cause,
        },
      );
    }
    const none = /no supported adapters/i.test(String(cause));
    const reason = none ? "WebGPU finds no graphics card" : firstLine(cause);
    throw new SlicebookError("ENGINE_UNAVAILABLE", `ONNX Runtime does not start on ${device}: ${reason}`, {
      remedy: "Install the graphics card's Vulkan, Metal or Direct3D driver, or set engine.device: cpu.",
      cause,
    });
  }
  return device === "cuda" ? { name: "CUDA", software: false } : nameGpu();
}

/** A convolution of one number: CUDA's libraries for it are only then loaded. */
async function tryConvolution(device: Device, precision: Precision): Promise<void> {
  const spec = { shape: [1, 1, 1, 1], dtype: "float32" } as const;
  const convolve = (x: Tensor4D, kernel: Tensor4D) => conv2d(x, kernel, 1, "valid");
  const traced = traceAny(convolve, [spec, spec], {
    name: "trial",
    target: device,
    ...(precision === "float16" && { float16: "products" }),
  });
  const session = await openSession(traced, { device, threads: 1 });
  const one = new OrtTensor("float32", Float32Array.of(1), [...spec.shape]);
  try {
    await session.run(Object.fromEntries(traced.inputs.map(({ name }) => [name, one])));
  } finally {
    await session.release();
  }
}

/** The graphics card that WebGPU finds, if the optional package `webgpu` is there to name it. */
async function nameGpu(): Promise<OnnxDevice> {
  const info = await installNodeGpu().then(gpuInfo, () => undefined);
  if (info === undefined) return { name: "WebGPU", software: false };
  return { name: `WebGPU on ${describeGpu(info)}`, software: isSoftwareGpu(info) };
}
