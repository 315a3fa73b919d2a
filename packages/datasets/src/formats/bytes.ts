/** Some bytes as characters of Latin-1, fewer where they end before. */
export function latin(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

/** Whether bytes read like that text in Latin-1. */
export function holdsText(bytes: Uint8Array, text: string, at = 0): boolean {
  return latin(bytes, at, text.length) === text;
}
