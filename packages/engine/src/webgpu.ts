import { SlicebookError } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import type { EagerBackend } from "./eager.ts";
import { startBackend, TFJS_EAGER } from "./eager-backends.ts";
import { describeGpu, gpuInfo, isSoftwareGpu } from "./gpu.ts";

/** The part of WebGPU's `GPUDevice` that is used here. */
interface GpuDevice {
  readonly limits: { readonly maxStorageBuffersPerShaderStage: number };
  readonly lost: Promise<{ readonly message: string }>;
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

/** tfjs's WebGPU backend on `navigator.gpu`, which has to be there. */
export async function startWebgpu(): Promise<EagerBackend> {
  const info = await gpuInfo();
  if (info === undefined) {
    throw new SlicebookError("ENGINE_UNAVAILABLE", "WebGPU finds no graphics card", {
      remedy: "Install its Vulkan, Metal or Direct3D driver, or use another engine.kind.",
    });
  }
  // It registers itself as it is loaded, if there is a navigator.gpu by then.
  await import("@tensorflow/tfjs-backend-webgpu");
  await startBackend("webgpu", "WebGPU");
  const { device } = tf.findBackend("webgpu") as unknown as { readonly device: GpuDevice };
  splitAddN(device.limits.maxStorageBuffersPerShaderStage - 1);
  const description = `${TFJS_EAGER}, WebGPU on ${describeGpu(info)}`;
  const software = isSoftwareGpu(info);
  return { kind: "webgpu", device: "webgpu", threads: 1, software, description, checkHealth: watch(device) };
}

/** What went wrong on each device since it was made. */
const failures = new WeakMap<GpuDevice, { message: string | undefined }>();

/** WebGPU reports errors apart from what caused them, and continues with wrong values: they are kept until asked for. */
function watch(device: GpuDevice): () => void {
  const known = failures.get(device);
  const failure = known ?? { message: undefined };
  if (known === undefined) {
    failures.set(device, failure);
    device.onuncapturederror = ({ error }) => {
      failure.message ??= error.message;
    };
    void device.lost.then(({ message }) => {
      failure.message ??= `the device was lost: ${message}`;
    });
  }
  return () => {
    if (failure.message === undefined) return;
    throw new SlicebookError("ENGINE_FAILED", `WebGPU failed: ${failure.message.trim()}`, {
      remedy: "Try a smaller batch, a newer driver of the graphics card, or engine.kind: onnx.",
    });
  };
}

const split = "slicebookSplit";

/** tfjs's AddN binds all its inputs at once, more than most devices allow: here it adds at most this many at a time. */
function splitAddN(most: number): void {
  const kernel = tf.getKernel("AddN", "webgpu");
  if (kernel === undefined || split in kernel) return;
  const add = kernel.kernelFunc;
  tf.unregisterKernel("AddN", "webgpu");
  tf.registerKernel(
    Object.assign({}, kernel, {
      [split]: true,
      kernelFunc: ({ inputs, backend, attrs }: Parameters<tf.KernelFunc>[0]) => {
        let terms = Object.values(inputs) as tf.TensorInfo[];
        let sum: tf.TensorInfo | undefined;
        while (terms.length > 0) {
          const room = sum === undefined ? most : most - 1;
          const now = sum === undefined ? terms.slice(0, room) : [sum, ...terms.slice(0, room)];
          const next = add({
            inputs: now as unknown as tf.NamedTensorInfoMap,
            backend,
            ...(attrs && { attrs }),
          }) as tf.TensorInfo;
          if (sum !== undefined) (backend as tf.KernelBackend).disposeData(sum.dataId);
          sum = next;
          terms = terms.slice(room);
        }
        return sum!;
      },
    }),
  );
}
