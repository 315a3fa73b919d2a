import { readdir } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { readRegularFile } from "@slicebook/base/node";
import { isRecord, nearMiss } from "@slicebook/base/util";
import { LARGEST_YAML, type ParsedYaml, parseYaml } from "@slicebook/runs";
import { type Document, isMap, isScalar, isSeq, type LineCounter } from "yaml";
import { bounded, boundedLines } from "./bounded-text.ts";
import { configSchema } from "./config.ts";
import { type JsonSchema, jsonSchemaOf } from "./config-json-schema.ts";
import { overrideValue, schemaAt } from "./override-value.ts";

/** One dotted `key=value` text of the command line. */
export interface Override {
  readonly text: string;
  readonly path: readonly string[];
  /** What stands after the equals sign. */
  readonly given: string;
}

/** A configuration before it is checked, and where each of its values was written. */
export interface ConfigSource {
  readonly file: string;
  readonly value: Record<string, unknown>;
  readonly overrides: readonly Override[];
  /**
   * A part of the value, with the overrides in it set anew by a schema that was not known when the file was read: that
   * of an adapter's options, or a prior's.
   */
  readBy(
    schema: JsonSchema,
    at: readonly string[],
    value: Readonly<Record<string, unknown>>,
  ): Record<string, unknown>;
  /** `configs/hipmri.yaml:12`, or `argument train.epochs=x` for what an override set. */
  whereIs(path: readonly PropertyKey[]): string;
}

const LIMITS = ["minutes", "epochs", "steps"];

/**
 * Reads a YAML file and sets the overrides in it.
 *
 * A limit (minutes, epochs, steps) among the overrides replaces every limit that the file gives in that
 * section, so that `train.epochs=20` means twenty epochs whatever the file says.
 */
export async function readConfigSource(file: string, overrides: readonly string[]): Promise<ConfigSource> {
  const { document, lines, value } = await readYaml(file);
  const parsed = overrides.map(parseOverride);
  const schema = jsonSchemaOf(configSchema);
  const values = parsed.map((override) => valueIn(override, schemaAt(schema, override.path)));
  for (const [index, { path }] of parsed.entries()) {
    const [section, key] = path;
    const limits = value[section!];
    if (path.length !== 2 || !LIMITS.includes(key!) || values[index] === null || !isRecord(limits)) continue;
    for (const limit of LIMITS) delete limits[limit];
  }
  for (const [index, override] of parsed.entries()) setAt(value, override, values[index]);
  const nul = nulIn(value);
  if (nul !== undefined) throw invalid(`${whereIs(nul)}: ${bounded(nul.join("."))}: holds a null character`);

  function readBy(
    options: JsonSchema,
    at: readonly string[],
    part: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> {
    const copy = structuredClone(part);
    for (const override of parsed) {
      if (override.path.length <= at.length || at.some((key, index) => override.path[index] !== key))
        continue;
      const path = override.path.slice(at.length);
      setAt(copy, { ...override, path }, valueIn(override, schemaAt(options, path)));
    }
    return copy;
  }

  function whereIs(path: readonly PropertyKey[]): string {
    const override = parsed.findLast((one) => one.path.every((key, index) => key === String(path[index])));
    return override === undefined
      ? `${file}:${lineOf(document, lines, path)}`
      : `argument ${bounded(override.text)}`;
  }
  return { file, value, overrides: parsed, readBy, whereIs };
}

/** The parts of a dotted key, at most; those of ours have four. */
const DEEPEST_KEY = 50;

/** Splits `train.epochs=20`; what the value is depends on the key. */
export function parseOverride(text: string): Override {
  const equals = text.indexOf("=");
  const key = text.slice(0, Math.max(equals, 0)).trim();
  const path = key.split(".");
  if (equals < 0 || path.length > DEEPEST_KEY || path.some((part) => part === "" || part === "__proto__")) {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      `argument ${bounded(text)}: expected key=value, such as train.epochs=20`,
      {
        remedy: "Write the key with dots, an equals sign and the value, without spaces.",
      },
    );
  }
  return { text, path, given: text.slice(equals + 1) };
}

function valueIn({ text, given }: Override, schema: JsonSchema | undefined): unknown {
  try {
    return overrideValue(given, schema);
  } catch (error) {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      `argument ${bounded(text)}: the value is not YAML: ${firstLine(error)}`,
      {
        remedy: "Put the value in quotes if it holds special characters.",
      },
    );
  }
}

async function readYaml(
  file: string,
): Promise<Pick<ParsedYaml, "document" | "lines"> & { readonly value: Record<string, unknown> }> {
  let text: string;
  try {
    text = readRegularFile(file, { most: LARGEST_YAML }).toString("utf8");
  } catch (error) {
    throw await unreadable(file, error);
  }
  const parsed = parseYaml(text);
  if ("faults" in parsed)
    throw invalid(
      boundedLines(
        parsed.faults.map(
          ({ line, message }) =>
            () =>
              `${file}:${line}: ${message}`,
        ),
      ),
    );
  const { document, lines, value } = parsed;
  if (value === null) {
    throw invalid(`${file}: the file is empty; expected a mapping with dataset, model, train, …`);
  }
  if (!isRecord(value)) {
    const actual = Array.isArray(value) ? "a list" : "a single value";
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    throw invalid(`${file}:${line}: expected a mapping with dataset, model, train, …; found ${actual}`);
  }
  return { document, lines, value };
}

/** The path of a text with a null character, which no file's name can hold; undefined where there is none. */
function nulIn(value: unknown, path: readonly string[] = []): readonly string[] | undefined {
  if (typeof value === "string") return value.includes("\0") ? path : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const nulPath = nulIn(inner, [...path, key]);
    if (nulPath !== undefined) return nulPath;
  }
  return undefined;
}

function setAt(root: Record<string, unknown>, { text, path }: Override, value: unknown): void {
  let section = root;
  for (const [index, key] of path.slice(0, -1).entries()) {
    const next = (Object.hasOwn(section, key) ? section[key] : undefined) ?? {};
    if (!isRecord(next)) {
      const parent = path.slice(0, index + 1).join(".");
      throw new SlicebookError(
        "ARGUMENT_INVALID",
        `argument ${bounded(text)}: ${bounded(parent)} is a single value, it has no keys`,
        {
          remedy: `Set ${bounded(parent)} itself.`,
        },
      );
    }
    section[key] = next;
    section = next;
  }
  section[path.at(-1)!] = value;
}

/** The line of a value's key, or of the nearest thing around it that is written in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      if (isScalar(node) || isMap(node)) offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return lines.linePos(offset).line;
}

async function unreadable(file: string, error: unknown): Promise<SlicebookError> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") {
    const beside = await readdir(dirname(file)).catch(() => []);
    const configs = beside.filter((name) => [".yaml", ".yml"].includes(extname(name)));
    const meant = nearMiss(basename(file), configs);
    return new SlicebookError("CONFIG_NOT_FOUND", `${file}: there is no such file`, {
      remedy: meant === undefined ? "Give the path of a YAML file." : `Did you mean ${meant}?`,
    });
  }
  const why =
    code === ""
      ? `${firstLine(error).replace(/^it /, "")}; expected a YAML file`
      : `cannot be read (${code})`;
  return new SlicebookError("CONFIG_NOT_FOUND", `${file}: ${why}`, {
    remedy: "Give the path of a YAML file.",
  });
}

function invalid(message: string): SlicebookError {
  return new SlicebookError("CONFIG_INVALID", message, { remedy: "Fix the file and try again." });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
