import { isRecord } from "@slicebook/base/util";
import { stringify } from "yaml";
import type { ConfigKey } from "../config-keys.ts";

/** The width that comments are wrapped to. */
const WIDTH = 110;

/**
 * A configuration as YAML in which every key is there, each under a comment that says what it means: keys that are
 * given as they are, the others commented out with their defaults.
 *
 * @param given what is written, in part of `resolved`'s keys
 * @param resolved the configuration with every default
 */
export function commentedYaml(keys: readonly ConfigKey[], given: unknown, resolved: unknown): string {
  const blocks = keys.map((key) => block(key, given, resolved, { indent: "", outAt: undefined }).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

/** Where a line starts, and where the section around it that is commented out does, if there is one. */
interface Margin {
  readonly indent: string;
  readonly outAt: string | undefined;
}

function block(key: ConfigKey, given: unknown, resolved: unknown, margin: Margin): string[] {
  const { indent } = margin;
  const value = valueIn(given, key.key);
  const known = valueIn(resolved, key.key);
  const fallback = known === undefined ? key.default : known;
  const comment = wrap(key.description, WIDTH - indent.length - 2).map((line) => lineAt(margin, `# ${line}`));
  const keyMargin: Margin = value === undefined ? { indent, outAt: margin.outAt ?? indent } : margin;
  if (key.keys.length === 0) {
    const written = value === undefined ? fallback : value;
    const lines = entry(key.key, written === undefined ? example(key) : written);
    return [...comment, ...lines.map((line) => lineAt(keyMargin, line))];
  }
  const within: Margin = { ...keyMargin, indent: `${indent}  ` };
  return [
    ...comment,
    lineAt(keyMargin, `${key.key}:`),
    ...key.keys.flatMap((child) => block(child, value, fallback, within)),
  ];
}

function lineAt({ indent, outAt }: Margin, text: string): string {
  return outAt === undefined ? `${indent}${text}` : `${outAt}#${indent.slice(outAt.length)}${text}`;
}

/** A key and its value, in flow style where it is not a single value. */
function entry(key: string, value: unknown): string[] {
  if (value === undefined) return [`${key}:`];
  const text = stringify(value, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();
  return `${key}: ${text}`.split("\n");
}

/** A word that may be written, for a key without a default. */
function example({ allowed }: ConfigKey): unknown {
  const word = allowed
    .split(" or ")
    .find((one) => !/^(?:text|number|whole number|list|mapping|null)/.test(one));
  return word === "false" ? false : word;
}

function valueIn(record: unknown, key: string): unknown {
  return isRecord(record) && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Words in lines of at most this many characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
