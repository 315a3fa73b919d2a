import { isRecord } from "@slicebook/base/util";
import { builtInAdapters } from "@slicebook/datasets/node";
import { z } from "zod";
import { builtInPriors } from "./built-in-priors.ts";
import { configSchema } from "./config.ts";

/** A part of a JSON Schema, as this package reads it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A JSON Schema that is put together. */
type Draft = Record<string, unknown>;

/**
 * The JSON Schema of a configuration file, for editors.
 *
 * `dataset.options` and `prior.options` are those of the built-in adapter or prior that is named; of a plug-in's
 * nothing is known.
 */
export async function configJsonSchema(): Promise<JsonSchema> {
  const schema = jsonSchemaOf(configSchema);
  const { dataset, prior } = propertiesOf(schema);
  const { adapter } = propertiesOf(dataset!);
  const { name } = propertiesOf(prior!);
  suggest(
    adapter!,
    builtInAdapters.map((one) => one.name),
  );
  suggest(name!, [...builtInPriors.keys()]);
  dataset!.allOf = builtInAdapters.map((one) => optionsWhere("adapter", one.name, one.schema));
  const priors = await Promise.all(Array.from(builtInPriors.values(), (load) => load()));
  prior!.allOf = priors.map((one) => optionsWhere("name", one.name, one.schema));
  return { title: "Slicebook configuration", ...schema };
}

/** A schema as JSON Schema of what may be written; what JSON Schema cannot say is left open. */
export function jsonSchemaOf(schema: z.ZodType): Draft {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(json), (key, value) =>
    key === "maximum" && value === Number.MAX_SAFE_INTEGER ? undefined : value,
  );
}

/** The schemas of an object's keys. */
export function propertiesOf(schema: JsonSchema): Record<string, Draft> {
  return isRecord(schema.properties) ? (schema.properties as Record<string, Draft>) : {};
}

/** Any text is allowed, and editors offer these. */
function suggest(schema: Draft, names: readonly string[]): void {
  const { type, minLength, ...rest } = schema;
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, rest, { anyOf: [{ enum: names }, { type, minLength }] });
}

function optionsWhere(key: string, name: string, options: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = jsonSchemaOf(options);
  // What is required of the options is so only where there are options: left out, they may all have defaults.
  return {
    if: { properties: { [key]: { const: name } }, required: [key] },
    // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word
    then: { properties: { options: schema } },
  };
}
