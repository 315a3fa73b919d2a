import { closeSync, constants, openSync, readSync, type Stats, statSync } from "node:fs";

/** How much of a file is read. */
export interface ReadRegularFileOptions {
  /** The most bytes that it may have. */
  readonly most: number;
}

/** Bytes that are read at a time of a file that does not say how long it is. */
const CHUNK = 2 ** 16;

/**
 * Reads a whole regular file, or one that a link leads to, and waits for the disk.
 *
 * Throws an `Error` for what has no end or may never begin (pipes, devices, sockets), for folders, and for more than
 * `most` bytes; the file system's own for a file that is not there.
 */
export function readRegularFile(path: string, { most }: ReadRegularFileOptions): Buffer {
  const info = checkRegular(path);
  if (info.size > most) throw tooLong(info.size, most);
  return withFile(path, (descriptor) => {
    const bytes = readUpTo(descriptor, info.size);
    if (info.size > 0) return bytes;
    // The system's own files say that they are empty.
    const parts: Buffer[] = [];
    for (let length = 0; ; ) {
      const part = readUpTo(descriptor, CHUNK);
      if (part.length === 0) return Buffer.concat(parts);
      parts.push(part);
      length += part.length;
      if (length > most) throw tooLong(`more than ${most}`, most);
    }
  });
}

/** Reads the first bytes of a regular file, as {@link readRegularFile} does. */
export function readRegularFileStart(path: string, length: number): Buffer {
  checkRegular(path);
  return withFile(path, (descriptor) => readUpTo(descriptor, length));
}

function checkRegular(path: string): Stats {
  const info = statSync(path);
  if (!info.isFile()) throw new Error(`it is ${kindOf(info)}, not a file`);
  return info;
}

function kindOf(info: Stats): string {
  if (info.isDirectory()) return "a folder";
  if (info.isFIFO()) return "a pipe";
  return info.isSocket() ? "a socket" : "a device";
}

function tooLong(length: number | string, most: number): Error {
  return new Error(`it has ${length} bytes, of at most ${most}`);
}

function withFile<T>(path: string, use: (descriptor: number) => T): T {
  // Should a pipe have taken the file's place, nobody is waited for.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readUpTo(descriptor: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  while (at < length) {
    const count = readSync(descriptor, bytes, at, length - at, null);
    if (count === 0) break;
    at += count;
  }
  return at === length ? bytes : bytes.subarray(0, at);
}
