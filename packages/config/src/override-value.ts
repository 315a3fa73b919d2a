import { isRecord } from "@slicebook/base/util";
import { parse } from "yaml";
import type { JsonSchema } from "./config-json-schema.ts";

/**
 * What the text after an argument's equals sign says, by its key's schema: where the key wants text it is the text, so
 * that ` #`, `: `, braces and numbers in names stay as they are; else it is YAML.
 *
 * Text in quotes is what is in them. Of an unknown key, text that is not YAML is text. Throws what `yaml` throws.
 */
export function overrideValue(text: string, schema: JsonSchema | undefined): unknown {
  if (schema === undefined) return attempt(text) ?? (isNull(text) ? null : text);
  const alternatives = alternativesOf(schema);
  if (!alternatives.some(isText) || alternatives.some(isStructure)) return parse(text);
  const value = attempt(text);
  if (typeof value === "string") return /^\s*["']/.test(text) ? value : text;
  return alternatives.some((one) => allows(one, value)) ? value : text;
}

/** The schema of a key below an object's; undefined where the schema does not know it. */
export function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  for (const one of alternativesOf(schema)) {
    const declared = isRecord(one.properties) ? one.properties[key] : undefined;
    const child = declared ?? one.additionalProperties;
    if (!isRecord(child)) continue;
    const descendant = schemaAt(child, rest);
    // Nothing is known of a plug-in's options, which may be anything.
    if (descendant !== undefined) return Object.keys(descendant).length === 0 ? undefined : descendant;
  }
  return undefined;
}

function attempt(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function isNull(text: string): boolean {
  return /^(?:null|~|)$/i.test(text.trim());
}

function alternativesOf(schema: JsonSchema): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return branches.filter(isRecord).flatMap(alternativesOf);
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : [schema];
}

function isText({ type, enum: values, const: value }: JsonSchema): boolean {
  const given = Array.isArray(values) ? values : [value];
  return type === "string" || given.some((one) => typeof one === "string");
}

function isStructure({ type }: JsonSchema): boolean {
  return type === "object" || type === "array";
}

function allows({ type, const: only, enum: values }: JsonSchema, value: unknown): boolean {
  if (value === null) return type === "null";
  if (Array.isArray(values)) return values.includes(value);
  if (only !== undefined) return only === value;
  if (typeof value === "number") return type === "number" || (type === "integer" && Number.isInteger(value));
  return typeof value === "boolean" && type === "boolean";
}
