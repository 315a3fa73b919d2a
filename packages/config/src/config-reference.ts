import { isRecord } from "@slicebook/base/util";
import { vqvaeSchema } from "@slicebook/core";
import { builtInAdapters } from "@slicebook/datasets/node";
import { builtInPriors } from "./built-in-priors.ts";
import { configJsonSchema, jsonSchemaOf } from "./config-json-schema.ts";
import { type ConfigKey, configKeys } from "./config-keys.ts";

/** Every key of a configuration, in Markdown: what may be written, the default, and what it means. */
export async function configReference(): Promise<string> {
  const keys = configKeys(await configJsonSchema());
  const topKeys = keys.filter((key) => key.keys.length === 0);
  const parts = [
    "# Configuration reference",
    "Made from the schema that checks every configuration, by `slicebook config --reference`. A file needs `dataset` " +
      "and `train` only; `slicebook init FOLDER` writes one for a folder, with every key in it. Any key can be given " +
      "on the command line, dotted: `train.epochs=20`. Unknown keys are errors. Sizes are height × width.",
    section("At the top", "", topKeys, undefined),
  ];
  // The model's defaults are its preset's, which the schema fills in when it reads.
  const defaults: Record<string, unknown> = { model: vqvaeSchema.parse({}) };
  for (const key of keys.filter((one) => one.keys.length > 0)) {
    parts.push(section(`\`${key.key}\``, key.key, key.keys, defaults[key.key], key.description));
    if (key.key === "dataset") {
      for (const { name, description, schema } of builtInAdapters) {
        parts.push(options("dataset", name, schema, `The adapter \`${name}\`: ${description}.`));
      }
    }
    if (key.key === "prior") {
      for (const [name, load] of builtInPriors) {
        const { schema } = await load();
        parts.push(options("prior", name, schema, `The prior \`${name}\`.`));
      }
    }
  }
  return `${parts.join("\n\n")}\n`;
}

function options(
  section: string,
  name: string,
  schema: Parameters<typeof jsonSchemaOf>[0],
  text: string,
): string {
  const keys = configKeys(jsonSchemaOf(schema));
  const parsed = schema.safeParse({});
  const heading = `### \`${section}.options\` of \`${name}\`\n\n${text}`;
  if (keys.length === 0) return `${heading} It has no options.`;
  return `${heading}\n\n${table(rows(keys, "", parsed.success ? parsed.data : undefined))}`;
}

function section(
  title: string,
  prefix: string,
  keys: readonly ConfigKey[],
  defaults: unknown,
  description?: string,
): string {
  const text = description === undefined || description === "" ? "" : `${description}\n\n`;
  return `## ${title}\n\n${text}${table(rows(keys, prefix === "" ? "" : `${prefix}.`, defaults))}`;
}

function rows(keys: readonly ConfigKey[], prefix: string, defaults: unknown): string[][] {
  return keys.flatMap((key): string[][] => {
    const value = isRecord(defaults) && key.key in defaults ? defaults[key.key] : key.default;
    if (key.keys.length > 0) return rows(key.keys, `${prefix}${key.key}.`, value);
    const shown = key.required ? "needed" : value === undefined ? "–" : `\`${JSON.stringify(value)}\``;
    return [[`\`${prefix}${key.key}\``, key.allowed, shown, key.description]];
  });
}

function table(lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(["key", "allowed", "default", "meaning"]),
    "| --- | --- | --- | --- |",
    ...lines.map(line),
  ].join("\n");
}
