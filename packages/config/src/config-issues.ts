import { SlicebookError } from "@slicebook/base";
import { isRecord, nearMiss } from "@slicebook/base/util";
import { z } from "zod";
import { bounded, boundedLines } from "./bounded-text.ts";
import type { ConfigSource } from "./config-source.ts";

/**
 * Checks a value by a schema; what is wrong becomes one `SlicebookError`, a line an issue, each with its
 * place, and the `remedy` that helps with all of them.
 */
export function checked<Output>(
  source: ConfigSource,
  schema: z.ZodType<Output>,
  value: unknown,
  at: readonly string[] = [],
  remedy = "Fix what is named above; `slicebook config --schema` lists every key.",
): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new SlicebookError(
    "CONFIG_INVALID",
    boundedLines(describeIssues(source, schema, result.error.issues, value, at)),
    { remedy },
  );
}

function describeIssues(
  source: ConfigSource,
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  at: readonly string[],
): (() => string)[] {
  const known = keysOf(schema);
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => () => {
        const path = [...issue.path, key].map(String);
        const whole = [...at, ...path];
        return `${source.whereIs(whole)}: ${bounded(whole.join("."))}: ${unknownKey(path, at, known)}`;
      });
    }
    return () => {
      const inner = innermost(issue);
      const path = [...at, ...inner.path.map(String)];
      const received = valueAt(value, inner.path);
      const name = bounded(path.join(".")) || "(the whole file)";
      return `${source.whereIs(path)}: ${name}: ${describe(inner, received)}`;
    };
  });
}

/** Of a union's branches, the issue of the one that came closest. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const branches = issue.errors.filter((branch) => branch.length > 0);
  if (branches.some((branch) => branch[0]!.path.length > 0)) {
    const deepest = branches.toSorted((a, b) => b[0]!.path.length - a[0]!.path.length)[0]![0]!;
    return innermost({ ...deepest, path: [...issue.path, ...deepest.path] });
  }
  const values = branches.flatMap(([first]) => (first?.code === "invalid_value" ? first.values : []));
  // Branches of types alone: the schema's own message names them.
  if (values.length === 0) return issue;
  return { code: "invalid_value", values, path: issue.path, message: issue.message, input: issue.input };
}

function describe(issue: z.core.$ZodIssue, received: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return received === undefined
        ? `is missing; expected ${issue.expected}`
        : `expected ${issue.expected}, received ${typeName(received)}`;
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const meant = typeof received === "string" ? nearMiss(received, allowed) : undefined;
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return `expected ${allowed.join(" or ")}, received ${show(received)}${hint}`;
    }
    case "too_small": {
      const bound = `${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
      return `expected ${amount(issue.origin)} ${bound}, received ${show(received)}`;
    }
    case "too_big": {
      const bound = `${issue.inclusive ? "of at most" : "below"} ${issue.maximum}`;
      return `expected ${amount(issue.origin)} ${bound}, received ${show(received)}`;
    }
    default:
      return issue.message.replace(/^Invalid (input|option): /, "");
  }
}

function unknownKey(
  path: readonly string[],
  at: readonly string[],
  known: readonly (readonly string[])[],
): string {
  const parent = path.slice(0, -1).join(".");
  const key = path.at(-1)!;
  const siblings = known.filter((one) => one.slice(0, -1).join(".") === parent).map((one) => one.at(-1)!);
  const sibling = nearMiss(key, siblings);
  const elsewhere = known.find((one) => one.at(-1) === key);
  const meant = sibling === undefined ? elsewhere : [...path.slice(0, -1), sibling];
  if (meant !== undefined) return `unknown key; did you mean ${[...at, ...meant].join(".")}?`;
  return siblings.length === 0 ? "unknown key" : `unknown key; allowed: ${siblings.join(", ")}`;
}

/** The paths of every key that a schema knows. */
function keysOf(schema: z.ZodType): string[][] {
  const keys: string[][] = [];
  const visit = (node: unknown, path: readonly string[]) => {
    if (!isRecord(node)) return;
    for (const branch of [node.anyOf, node.allOf, node.oneOf]) {
      if (Array.isArray(branch)) for (const one of branch) visit(one, path);
    }
    if (!isRecord(node.properties)) return;
    for (const [key, child] of Object.entries(node.properties)) {
      keys.push([...path, key]);
      visit(child, [...path, key]);
    }
  };
  // A plug-in's schema may hold what JSON Schema cannot say: then there are fewer hints.
  visit(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), []);
  return keys;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = Reflect.get(inner, key);
  }
  return inner;
}

function typeName(value: unknown): string {
  if (value === null) return "null (nothing)";
  return Array.isArray(value) ? "array" : typeof value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function amount(origin: string): string {
  if (origin === "number" || origin === "int") return "a number";
  if (origin === "string") return "a text with a length";
  return origin === "array" ? "a list with a length" : `a ${origin}`;
}
