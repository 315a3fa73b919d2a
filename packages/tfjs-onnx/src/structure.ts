/** Nested records and arrays of leaves, such as `{ encoder: [kernel, bias] }`. */
export type Structure<T> = T | readonly Structure<T>[] | { readonly [name: string]: Structure<T> };

/** A leaf and the way to it: `["encoder", "0"]`. */
export interface StructureLeaf<T> {
  readonly path: readonly string[];
  readonly leaf: T;
}

/**
 * Lists the leaves of a structure depth first, records in the order of their keys as written.
 *
 * `isLeaf` tells a leaf from a record. Throws a `TypeError` naming the path of what is neither.
 */
export function flatten<T>(
  structure: Structure<T>,
  isLeaf: (value: unknown) => value is T,
): StructureLeaf<T>[] {
  const leaves: StructureLeaf<T>[] = [];
  mapStructure(structure, isLeaf, (leaf, path) => {
    leaves.push({ path, leaf });
  });
  return leaves;
}

/** Puts `leaves`, in the order of {@link flatten}, into the form of `structure`. */
export function unflatten<T, U>(
  structure: Structure<T>,
  isLeaf: (value: unknown) => value is T,
  leaves: readonly U[],
): Structure<U> {
  const expected = flatten(structure, isLeaf).length;
  if (leaves.length !== expected) {
    throw new TypeError(`${leaves.length} leaves do not fill a structure of ${expected}`);
  }
  let next = 0;
  return mapStructure(structure, isLeaf, () => leaves[next++] as U);
}

/** The structure with every leaf replaced by `map(leaf, path)`. */
export function mapStructure<T, U>(
  structure: Structure<T>,
  isLeaf: (value: unknown) => value is T,
  map: (leaf: T, path: readonly string[]) => U,
): Structure<U> {
  const visit = (value: unknown, path: readonly string[]): Structure<U> => {
    if (isLeaf(value)) return map(value, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, String(index)]));
    if (isRecord(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]),
      );
    }
    const where = path.length === 0 ? "at the top" : `at "${path.join(".")}"`;
    throw new TypeError(`${where}: found ${describe(value)}, expected a leaf, an array or a plain record`);
  };
  return visit(structure, []);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an instance of ${value.constructor?.name ?? "an unnamed class"}`;
}
