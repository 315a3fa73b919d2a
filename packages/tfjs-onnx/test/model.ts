import { fromBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";
import type { TraceResult } from "../src/index.ts";

export function parse({ model }: TraceResult): ModelProto {
  return fromBinary(ModelProtoSchema, model);
}

/** How many nodes there are of each op, or of one. */
export function countNodes(traced: TraceResult): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType } of parse(traced).graph!.node) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}
