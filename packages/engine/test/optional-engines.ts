/** Engines and their devices that need packages which do not come with this one. */
export const OPTIONAL_ENGINES: readonly string[] = ["onnx/cuda", "tensorflow/cuda", "tensorflow/cpu"];
