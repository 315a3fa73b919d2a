import { styleText } from "node:util";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Text in a style if the stream shows colours: a terminal, without `NO_COLOR`, or with `FORCE_COLOR`. */
export function paint(style: Style, text: string, stream: NodeJS.WritableStream): string {
  // One style at a time: given several, Node 20's `styleText` does not look at the stream.
  return styleText(style, text, { stream });
}
