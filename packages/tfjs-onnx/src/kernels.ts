import { getKernel, registerKernel, type TensorInfo } from "@tensorflow/tfjs-core";
import { backendName, type RecordingBackend } from "./backend.ts";
import { arrayKernels } from "./kernels/arrays.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { creationKernels } from "./kernels/creation.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { indexingKernels } from "./kernels/indexing.ts";
import type { KernelRecorder } from "./kernels/kernel.ts";
import { linearKernels } from "./kernels/linear.ts";
import { poolingKernels } from "./kernels/pooling.ts";
import { reductionKernels } from "./kernels/reduction.ts";
import { resizingKernels } from "./kernels/resizing.ts";

const kernels: readonly KernelRecorder[] = [
  ...arrayKernels,
  ...convolutionKernels,
  ...creationKernels,
  ...elementwiseKernels,
  ...indexingKernels,
  ...linearKernels,
  ...poolingKernels,
  ...reductionKernels,
  ...resizingKernels,
];

/** The names of the TensorFlow.js kernels that can be traced, sorted. */
export const kernelNames: readonly string[] = kernels.map(({ name }) => name).sort();

/** Registers every kernel for the recording backend, once. */
export function registerKernels(): void {
  if (getKernel(kernels[0]!.name, backendName) !== undefined) return;
  for (const { name, record } of kernels) {
    registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        // Kernels of this backend are only ever run on it.
        const recorder = backend as RecordingBackend;
        const given = Object.entries(inputs).filter(([, tensor]) => tensor != null);
        const values = given.map(([key, tensor]) => [key, recorder.lookUp(tensor as TensorInfo)] as const);
        const result = recorder.explain(() =>
          record(recorder.graph, Object.fromEntries(values), attrs ?? {}),
        );
        const outputs = "id" in result ? [result] : result;
        recorder.note({ kernel: name, record, inputs: values, attrs: attrs ?? {}, outputs });
        return "id" in result ? recorder.hold(result) : outputs.map((value) => recorder.hold(value));
      },
    });
  }
}
