// The only place that loads ONNX Runtime: its telemetry is off before.
import "./no-telemetry.ts";

export { env, InferenceSession, Tensor } from "onnxruntime-node";
