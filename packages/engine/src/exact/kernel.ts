import { SlicebookError, sizeOf } from "@slicebook/base";
import type { TracedNode } from "@slicebook/tfjs-onnx";
import type { Room } from "./room.ts";
import type { Operand, Values } from "./values.ts";

/** A node of a graph with the places of what it takes. */
export interface KernelNode extends Pick<TracedNode, "op" | "attributes" | "outputs"> {
  readonly inputs: readonly (Operand | undefined)[];
  /** For what it makes. */
  readonly room: Room;
}

/** A node that is ready to be carried out. */
export interface Step {
  /** Where its outputs are; they may lie in what it takes. */
  readonly outputs: readonly Values[];
  /** Computes them; undefined where there is nothing to do. */
  readonly run: (() => void) | undefined;
}

export type Kernel = (node: KernelNode) => Step;

export function inputOf(node: KernelNode, index: number): Operand {
  const operand = node.inputs[index];
  if (operand === undefined) throw refused(node, `without its input ${index}`);
  return operand;
}

/** An operation in a form that is not known exactly. */
export function refused({ op }: Pick<KernelNode, "op">, form: string): SlicebookError {
  return new SlicebookError("ENGINE_LACKS_KERNEL", `exact arithmetic has no ${op} ${form}`, {
    remedy: "Use an engine for which last bits do not matter.",
  });
}

/** Room for the only output. */
export function outputOf({ outputs, room }: KernelNode): Values {
  const { type, shape } = outputs[0]!;
  return room.allocate(type, sizeOf(shape));
}

/** An attribute that is a number. */
export function numberOf(node: KernelNode, name: string, otherwise: number): number {
  const value = node.attributes[name] ?? otherwise;
  if (typeof value === "number") return value;
  if (typeof value === "object" && "float" in value) return value.float;
  throw refused(node, `whose ${name} is not a number`);
}

/** An attribute that is a list of whole numbers. */
export function numbersOf(node: KernelNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  if (value === undefined || Array.isArray(value)) return value;
  throw refused(node, `whose ${name} is not a list`);
}

/** An input of whole numbers that has to be known beforehand, such as axes; undefined where it is left out. */
export function listOf(node: KernelNode, index: number): number[] | undefined {
  const operand = node.inputs[index];
  if (operand === undefined) return undefined;
  if (!operand.constant) throw refused(node, `whose input ${index} is not constant`);
  return Array.from(operand.values);
}
