interface TensorType {
  readonly type: string;
  readonly shape: readonly number[];
}

interface GraphNode {
  readonly op: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (TensorType | undefined)[];
  readonly outputs: readonly TensorType[];
}

/**
 * Outlines a traced graph as text for a snapshot.
 *
 * Operations that combine, reorder or reduce are listed in order with their attributes and shapes, equal ones once with
 * their number; the others are counted.
 */
export function graphOutline({ nodes }: { readonly nodes: readonly GraphNode[] }): string {
  const listed = countBy(nodes.filter((node) => !isPlain(node)).map(describe));
  const counted = countBy(nodes.filter(isPlain).map(({ op }) => op));
  return [
    `${nodes.length} operations`,
    ...Array.from(listed, ([line, count]) => (count === 1 ? line : `${line} ×${count}`)),
    "and reshaping, element by element or down to one number:",
    ...Array.from(counted, ([op, count]) => `${op} ×${count}`).sort(),
    "",
  ].join("\n");
}

/** Whether values are reshaped, computed element by element of tensors of one shape and scalars, or come to one number. */
function isPlain({ op, attributes, inputs, outputs: [output] }: GraphNode): boolean {
  if (op === "Reshape" || op === "Cast" || output?.shape.length === 0) return true;
  const shapes = inputs.flatMap((input) => (input === undefined ? [] : [String(input.shape)]));
  return (
    Object.keys(attributes).length === 0 &&
    shapes.every((shape) => shape === "" || shape === String(output?.shape))
  );
}

function describe({ op, attributes, inputs, outputs }: GraphNode): string {
  const options = Object.entries(attributes).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${[op, ...options].join(" ")}: ${typesText(inputs)} → ${typesText(outputs)}`;
}

/** Shapes, and types but for float32; lists of sizes or axes, which the result's shape tells of, are left out. */
function typesText(tensors: readonly (TensorType | undefined)[]): string {
  return tensors
    .filter((tensor) => tensor !== undefined)
    .filter(({ type, shape }) => type !== "int64" || shape.length !== 1)
    .map(({ type, shape }) => `${type === "float32" ? "" : type}[${shape.join(",")}]`)
    .join(" ");
}

function countBy(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}
