import { join } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { encodeSafetensors } from "@slicebook/core";
import type { Preprocessing } from "@slicebook/datasets";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import { modelHash, modelParameters, type Session } from "@slicebook/session";
import { type TracedValue, type TraceResult, trace } from "@slicebook/tfjs-onnx";

export interface ExportModelOptions {
  readonly out: string;
  /** Stores and computes in float16; what goes in and comes out stays float32. */
  readonly half: boolean;
}

/**
 * Writes a run's model for other programs: `onnx/encoder.onnx` and `onnx/decoder.onnx` with their weights inside, for any
 * number of slices at a time; `weights.safetensors`; and `model.json`, which says how slices are prepared and what the
 * graphs take and give.
 */
export async function exportModel(session: Session, { out, half }: ExportModelOptions): Promise<void> {
  const { model } = session;
  const parameters = await modelParameters(session);
  const options = { parameters, symbolicBatch: {}, float16: half };
  const encoder = trace(model.encode, [model.imageSpec(1)], {
    ...options,
    name: "encoder",
  });
  const decoder = trace(model.decode, [model.codeSpecs(1)], {
    ...options,
    name: "decoder",
  });
  const about = {
    size: model.size,
    preprocessing: described(await loadPreprocessing(session)),
    model: model.config,
    hash: await modelHash(session),
    half,
    encoder: ports(encoder),
    decoder: ports(decoder),
  };
  const write = async (path: string, content: string | Uint8Array, what: string) => {
    await writeFileAtomic(join(out, path), content);
    session.made(join(out, path), what);
  };
  await write(join("onnx", "encoder.onnx"), encoder.model, "slices to codes");
  await write(join("onnx", "decoder.onnx"), decoder.model, "codes to slices");
  await write(
    "weights.safetensors",
    encodeSafetensors(parameters, { model: JSON.stringify(model.config) }),
    "weights and codebook, float32",
  );
  await write("model.json", `${JSON.stringify(about, undefined, 2)}\n`, "how to use them");
}

/** The mean image of `residual` as a list, since JSON knows no typed arrays. */
function described(preprocessing: Preprocessing) {
  if (preprocessing.name !== "residual") return preprocessing;
  return { ...preprocessing, mean: Array.from(preprocessing.mean) };
}

function ports({ inputs, outputs }: TraceResult) {
  const port = ({ name, spec: { dtype, shape } }: TracedValue) => ({
    name,
    dtype,
    shape: ["batch", ...shape.slice(1)],
  });
  return { inputs: inputs.map(port), outputs: outputs.map(port) };
}
