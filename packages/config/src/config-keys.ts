import { isRecord } from "@slicebook/base/util";
import { type JsonSchema, propertiesOf } from "./config-json-schema.ts";

/** A key of a configuration, with what its schema says of it. */
export interface ConfigKey {
  readonly key: string;
  readonly description: string;
  /** What may be written: `number`, `mse or l1`, `text or null`. */
  readonly allowed: string;
  readonly required: boolean;
  /** The default where the schema knows it; others depend on other keys. */
  readonly default?: unknown;
  /** The keys within, for a section. */
  readonly keys: readonly ConfigKey[];
}

/** The keys of an object's JSON Schema, in their order. */
export function configKeys(schema: JsonSchema): ConfigKey[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(propertiesOf(schema)).map(([key, child]) => ({
    key,
    description: typeof child.description === "string" ? child.description : "",
    allowed: allowedBy(child),
    required: required.includes(key),
    ...("default" in child && { default: child.default }),
    keys: configKeys(sectionOf(child)),
  }));
}

/** An object's own schema, or that of the one object among alternatives. */
function sectionOf(schema: JsonSchema): JsonSchema {
  const objects = alternatives(schema).filter((one) => isRecord(one.properties));
  return objects.length === 1 ? objects[0]! : {};
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const branches = [schema.anyOf, schema.oneOf].find(Array.isArray);
  return branches === undefined ? [schema] : branches.filter(isRecord).flatMap(alternatives);
}

function allowedBy(schema: JsonSchema): string {
  return [...new Set(alternatives(schema).map(describe))].join(" or ");
}

function describe(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(String).join(" or ");
  if ("const" in schema) return String(schema.const);
  const { type } = schema;
  if (type === "number" || type === "integer") {
    const noun = type === "integer" ? "whole number" : "number";
    return [noun, ...bounds(schema)].join(" ");
  }
  if (type === "boolean") return "true or false";
  if (type === "string") return "text";
  if (type === "array") return "list";
  if (type === "null") return "null";
  return "mapping";
}

function bounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string[] {
  return [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`≤ ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`]),
  ];
}

/** The dotted paths of the keys that hold values, as overrides name them. */
export function dottedKeys(keys: readonly ConfigKey[], prefix = ""): string[] {
  return keys.flatMap(({ key, keys: inner }) =>
    inner.length === 0 ? [`${prefix}${key}`] : dottedKeys(inner, `${prefix}${key}.`),
  );
}
