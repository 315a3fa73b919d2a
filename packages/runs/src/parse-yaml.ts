import { type Document, Lexer, LineCounter, Parser, parseDocument, visit } from "yaml";

/** YAML text that was read. */
export interface ParsedYaml {
  readonly document: Document;
  readonly lines: LineCounter;
  /** As JSON has it, each alias a copy of what it stands for. */
  readonly value: unknown;
}

/** What is wrong with YAML text, and where. */
export interface YamlFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The most bytes of a YAML file; the longest of ours has a few thousand. */
export const LARGEST_YAML = 2 ** 18;
/** Lists and mappings within one another, at most; a configuration has five. */
const DEEPEST = 50;
/** Lists and mappings may be repeated by aliases so often. */
const MOST_ALIASES = 100;

/** Reads YAML text; gives what is wrong with it where it is not YAML, nests too deeply, or repeats itself without end. */
export function parseYaml(text: string): ParsedYaml | { readonly faults: readonly YamlFault[] } {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  // Before it is parsed, which takes stack with every level.
  const deep = deepPlace(text);
  if (deep !== undefined) {
    const line = text.slice(0, deep).split("\n").length;
    return {
      faults: [{ line, message: `lists and mappings lie within one another more than ${DEEPEST} deep` }],
    };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ code, message, pos }) => ({
        line: lineAt(pos[0]),
        message: code === "DUPLICATE_KEY" ? "a key is given twice" : message,
      })),
    };
  }
  const alias = faultyAlias(document);
  if (alias !== undefined) return { faults: [{ line: lineAt(alias.at), message: alias.message }] };
  try {
    // A round trip over JSON parts what aliases share, so that a change of one place is of one place only.
    const value: unknown = JSON.parse(
      JSON.stringify(document.toJS({ maxAliasCount: MOST_ALIASES })) ?? "null",
    );
    return { document, lines, value };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { faults: [{ line: 1, message: message.split("\n")[0]! }] };
  }
}

/** The place where lists and mappings lie too deep within one another; undefined if there is none. */
function deepPlace(text: string): number | undefined {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    // Around them lies the document, and within them what is read just now.
    if (parser.stack.length > DEEPEST + 2) return parser.offset;
  }
  return undefined;
}

/** An alias of nothing, or of something that it lies in itself; undefined if there is none. */
function faultyAlias(
  document: Document,
): { readonly at: number | undefined; readonly message: string } | undefined {
  let message: string | undefined;
  let at: number | undefined;
  visit(document, {
    Alias(_, node, path) {
      const target = node.resolve(document);
      if (target !== undefined && !path.includes(target)) return undefined;
      at = node.range?.[0];
      message =
        target === undefined
          ? `the alias *${node.source} stands for nothing: no &${node.source} comes before it`
          : `the alias *${node.source} stands for a list or a mapping that it lies in`;
      return visit.BREAK;
    },
  });
  return message === undefined ? undefined : { at, message };
}
