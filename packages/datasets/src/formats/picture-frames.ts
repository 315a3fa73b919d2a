/** Chunks of a file whose names and lengths come before their content. */
interface Chunk {
  readonly name: string;
  readonly start: number;
}

/**
 * How many frames an animated PNG or WebP file shows, without decoding it: 1 for a picture that stands still, and for
 * other kinds of files.
 */
export function framesOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = latin(bytes, 0, 12);
  if (start.startsWith("\x89PNG")) {
    for (const { name, start: at } of pngChunks(view, bytes)) {
      if (name === "acTL" && at + 4 <= bytes.length) return Math.max(1, view.getUint32(at));
      if (name === "IDAT") break;
    }
  }
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
    let frames = 0;
    for (const { name } of webpChunks(view, bytes)) if (name === "ANMF") frames += 1;
    return Math.max(1, frames);
  }
  return 1;
}

function* pngChunks(view: DataView, bytes: Uint8Array): Generator<Chunk> {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    yield { name: latin(bytes, at + 4, 4), start: at + 8 };
  }
}

function* webpChunks(view: DataView, bytes: Uint8Array): Generator<Chunk> {
  for (let at = 12; at + 8 <= bytes.length; ) {
    yield { name: latin(bytes, at, 4), start: at + 8 };
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
}

/**
 * How many scans a JPEG file has, without decoding it: each of a progressive one goes over all its pixels. 0 for other
 * kinds of files.
 */
export function scansOf(bytes: Uint8Array): number {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return 0;
  let scans = 0;
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    const marker = bytes[at + 1];
    if (at < 0 || marker === undefined || marker === 0xd9) return scans;
    if (marker === 0xff) at += 1;
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8) || marker === 1) at += 2;
    else {
      if (marker === 0xda) scans += 1;
      at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    }
  }
}

function latin(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}
