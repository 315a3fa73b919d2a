// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that a terminal shows as it is: names of files, subjects and keys may hold escapes that move the cursor, set the
 * window's title or hide text, and marks that turn its direction. They are written out, as `\x1b`.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** The most characters of a message: what is longer than a screen helps nobody. */
const LONGEST = 8000;

/** The same of a message, which may name something without end. */
export function printableMessage(text: string): string {
  return printable(text.length > LONGEST ? `${text.slice(0, LONGEST)}…\n` : text);
}
