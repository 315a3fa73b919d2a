import { float32, type HostTensors, type Signature } from "@slicebook/base";
import { lossScaleInputs, type Params, type TensorRecord, withLossScale } from "@slicebook/core";
import type { Precision } from "@slicebook/engine";

interface Training {
  readonly step: (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  readonly signature: Signature;
  /** What a step is handed, by its number. */
  readonly inputs: (step: number) => HostTensors;
}

/** What a run starts with. */
const LOSS_SCALE = 2 ** 16;

/** A training as a run has it in a precision: in half precision its loss is scaled. */
export function inPrecision(
  { step, signature, inputs }: Training,
  precision: Precision | undefined,
): Training {
  if (precision !== "float16") return { step, signature, inputs };
  return {
    step: withLossScale(step),
    signature: { ...signature, ...lossScaleInputs },
    inputs: (number) => ({ ...inputs(number), lossScale: float32([LOSS_SCALE], []) }),
  };
}
