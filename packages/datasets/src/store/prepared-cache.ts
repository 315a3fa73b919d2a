import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { SlicebookError } from "@slicebook/base";
import { openFileAtomic, writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import type { SliceStatistics } from "./slice-statistics.ts";
import type { SkippedIndex, SliceSink, SliceStore, VisitSlice } from "./slice-store.ts";
import { STORED_TYPES, type StoredType, storedAt, storedBytes, storedTypeOf } from "./stored-slice.ts";

/**
 * Prepared slices lie in one file: the slices one after another, in the order in which they were decoded, each
 * padded to 8 bytes; a JSON header that says where each is; and a trailer:
 *
 *     bytes 0–7  "SLICEBK1"    8–11  header's length    12–15  CRC-32 of all before    16–23  file's length
 */
const MAGIC = "SLICEBK1";
const TRAILER_BYTES = 24;
const ENDING = ".slices";
/** Every slice starts at a multiple of this, so that views of any type can be laid over it. */
const ALIGNMENT = 8;
/** Slices are gathered to writes of this size. */
const WRITE_BYTES = 2 ** 22;
/** Neighbouring slices are read together up to this size. */
const READ_BYTES = 2 ** 22;
/** Files that no run opened for so long are removed, and temporary ones that were left behind sooner. */
const UNUSED_DAYS = 30;
const LEFT_BEHIND_DAYS = 1;
const DAY = 86_400_000;

const headerSchema = z.object({
  key: z.string(),
  pixels: z.int().min(1),
  types: z.array(z.enum(STORED_TYPES)),
  offsets: z.array(z.int().min(0)),
  mean: z.array(z.number()),
  squares: z.array(z.number()),
  low: z.array(z.number()),
  high: z.array(z.number()),
  lower: z.array(z.number()),
  upper: z.array(z.number()),
  skipped: z.array(z.object({ index: z.int().min(0), reason: z.string() })),
});

type Header = z.output<typeof headerSchema>;

/** Prepared slices of one key. */
export interface PreparedSlices {
  readonly store: SliceStore;
  readonly skipped: readonly SkippedIndex[];
}

/** The user's cache folder: of `XDG_CACHE_HOME` where it is set, else the system's usual one. */
export function userCacheFolder(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  const { XDG_CACHE_HOME: named, LOCALAPPDATA: local } = environment;
  // The specification says that relative paths are to be ignored.
  if (named !== undefined && isAbsolute(named)) return join(named, "slicebook");
  if (platform === "win32") return join(local ?? join(home, "AppData", "Local"), "slicebook", "Cache");
  return join(home, platform === "darwin" ? join("Library", "Caches") : ".cache", "slicebook");
}

/** The file of a key. */
function fileOf(folder: string, key: string): string {
  return join(resolve(folder), key + ENDING);
}

/**
 * Opens the slices that an earlier run prepared, after checking every byte; `undefined` if there are none, or
 * if they are damaged or of another key or size.
 */
export async function openPrepared(
  folder: string,
  key: string,
  pixels: number,
): Promise<PreparedSlices | undefined> {
  const path = fileOf(folder, key);
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return undefined;
  }
  const header = await checkedHeader(descriptor).catch(() => undefined);
  if (header === undefined || header.key !== key || header.pixels !== pixels) {
    closeSync(descriptor);
    return undefined;
  }
  const now = new Date();
  await utimes(path, now, now).catch(() => {}); // says that it is in use; a shared folder may be read-only
  return { store: fileStore(path, descriptor, header), skipped: header.skipped };
}

const readFrom = promisify(read);

/** Fills `out` from a place in a file; throws if the file ends before. */
async function fill(descriptor: number, out: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < out.length; ) {
    const { bytesRead } = await readFrom(descriptor, out, at, out.length - at, position + at);
    if (bytesRead === 0) throw new RangeError("the file ends too soon");
    at += bytesRead;
  }
}

async function checkedHeader(descriptor: number): Promise<Header | undefined> {
  const length = fstatSync(descriptor).size;
  const trailer = Buffer.alloc(TRAILER_BYTES);
  if (length < TRAILER_BYTES) return undefined;
  await fill(descriptor, trailer, length - TRAILER_BYTES);
  const headerBytes = trailer.readUInt32LE(8);
  const end = length - TRAILER_BYTES;
  const start = end - headerBytes;
  if (trailer.toString("latin1", 0, 8) !== MAGIC || trailer.readDoubleLE(16) !== length || start < 0) {
    return undefined;
  }
  const text = Buffer.alloc(headerBytes);
  await fill(descriptor, text, start);
  let sum = 0;
  const part = Buffer.alloc(Math.min(READ_BYTES, start));
  for (let at = 0; at < start; at += part.length) {
    const wanted = part.subarray(0, Math.min(part.length, start - at));
    await fill(descriptor, wanted, at);
    sum = crc32(wanted, sum);
  }
  if (crc32(text, sum) !== trailer.readUInt32LE(12)) return undefined;
  return headerSchema.parse(JSON.parse(text.toString()));
}

/** The descriptor stays open, so that the store outlives a file that another run replaces or removes. */
const openStores = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** Neighbouring slices that are read in one go. */
interface Run {
  readonly offset: number;
  bytes: number;
  readonly slices: { readonly index: number; readonly position: number; readonly at: number }[];
}

function fileStore(path: string, descriptor: number, header: Header): SliceStore {
  const { pixels, types, offsets } = header;
  const statistics = types.map((_, index): SliceStatistics => {
    const of = (name: keyof SliceStatistics) => header[name][index]!;
    return {
      mean: of("mean"),
      squares: of("squares"),
      low: of("low"),
      high: of("high"),
      lower: of("lower"),
      upper: of("upper"),
    };
  });

  function runsOf(indices: ArrayLike<number>): Run[] {
    const runs: Run[] = [];
    let run: Run | undefined;
    for (let position = 0; position < indices.length; position++) {
      const index = indices[position]!;
      const offset = offsets[index]!;
      const bytes = padded(pixels * storedBytes(types[index]!));
      if (run === undefined || run.offset + run.bytes !== offset || run.bytes + bytes > READ_BYTES) {
        run = { offset, bytes: 0, slices: [] };
        runs.push(run);
      }
      run.slices.push({ index, position, at: run.bytes });
      run.bytes += bytes;
    }
    return runs;
  }

  function hand({ slices }: Run, buffer: ArrayBuffer, use: VisitSlice): void {
    for (const { index, position, at } of slices) use(storedAt(types[index]!, buffer, at, pixels), position);
  }

  let scratch = new ArrayBuffer(0);
  const store: SliceStore = {
    bytes: types.reduce((sum, type) => sum + pixels * storedBytes(type), 0),
    statistics,
    visit(indices, use) {
      for (const run of runsOf(indices)) {
        if (scratch.byteLength < run.bytes) scratch = new ArrayBuffer(run.bytes);
        for (let at = 0; at < run.bytes; ) {
          const view = new Uint8Array(scratch, at, run.bytes - at);
          const count = readSync(descriptor, view, 0, view.length, run.offset + at);
          if (count === 0) throw cutOff(path);
          at += count;
        }
        hand(run, scratch, use);
      }
    },
    async visitAsync(indices, use) {
      const reading = runsOf(indices).map(async (run) => {
        const buffer = new ArrayBuffer(run.bytes);
        await fill(descriptor, new Uint8Array(buffer), run.offset).catch(() => {
          throw cutOff(path);
        });
        return { run, buffer };
      });
      for (const { run, buffer } of await Promise.all(reading)) hand(run, buffer, use);
    },
  };
  openStores.register(store, descriptor);
  return store;
}

function cutOff(path: string): SlicebookError {
  return new SlicebookError("CACHE_DAMAGED", `the prepared slices in ${path} are not as they were written`, {
    remedy: "Run again: they are then prepared anew.",
  });
}

/** Starts the file of a key; throws `CACHE_WRITE` if the folder cannot be written to. */
export async function createPrepared(folder: string, key: string, pixels: number): Promise<SliceSink> {
  const file = await attempt(folder, () => openFileAtomic(fileOf(folder, key)));
  const entries: { type: StoredType; offset: number; statistics: SliceStatistics }[] = [];
  const gathered = Buffer.alloc(WRITE_BYTES);
  let filled = 0;
  let length = 0;
  let sum = 0;

  async function append(bytes: Uint8Array): Promise<void> {
    length += bytes.length;
    sum = crc32(bytes, sum);
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + gathered.length - filled);
      gathered.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled === gathered.length) await flush();
    }
  }

  async function flush(): Promise<void> {
    await attempt(folder, () => file.write(gathered.subarray(0, filled)));
    filled = 0;
  }

  return {
    async add(index, values, statistics) {
      entries[index] = { type: storedTypeOf(values), offset: length, statistics };
      await append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      await append(new Uint8Array(padded(values.byteLength) - values.byteLength));
    },
    async finish(skipped) {
      const kept = entries.flat(); // closes the gaps
      const column = (name: keyof SliceStatistics) => kept.map(({ statistics }) => statistics[name]);
      const header: Header = {
        key,
        pixels,
        types: kept.map(({ type }) => type),
        offsets: kept.map(({ offset }) => offset),
        mean: column("mean"),
        squares: column("squares"),
        low: column("low"),
        high: column("high"),
        lower: column("lower"),
        upper: column("upper"),
        skipped: [...skipped],
      };
      const text = Buffer.from(JSON.stringify(header));
      await append(text);
      const trailer = Buffer.alloc(TRAILER_BYTES);
      trailer.write(MAGIC, 0, "latin1");
      trailer.writeUInt32LE(text.length, 8);
      trailer.writeUInt32LE(sum, 12);
      trailer.writeDoubleLE(length + TRAILER_BYTES, 16);
      await append(trailer);
      await flush();
      await attempt(folder, () => file.commit());
      await removeUnused(folder);
      // Another run may have put its own file of this key there by now: what lies there is what is read.
      const written = await openPrepared(folder, key, pixels);
      if (written === undefined) throw cutOff(fileOf(folder, key));
      return written.store;
    },
    discard: () => file.discard(),
  };
}

/** Reads a small text that belongs to a key, if it is there and whole. */
export async function readPreparedNote(folder: string, key: string): Promise<string | undefined> {
  const note = await readFile(join(folder, `${key}.json`), "utf8").catch(() => "");
  const line = note.indexOf("\n");
  const text = note.slice(line + 1);
  return line > 0 && note.slice(0, line) === checksum(text) ? text : undefined;
}

/** Writes what {@link readPreparedNote} reads: a line with the text's checksum, and the text. */
export async function writePreparedNote(folder: string, key: string, text: string): Promise<void> {
  await attempt(folder, () => writeFileAtomic(join(folder, `${key}.json`), `${checksum(text)}\n${text}`));
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

async function attempt<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SlicebookError("CACHE_WRITE", `slices cannot be prepared in ${folder}: ${why}`, {
      remedy: "Make room there, set dataset.cache to another folder, or to false to do without.",
      cause: error,
    });
  }
}

/** Removes what nobody has used for long, by names that only this module gives. */
async function removeUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const kind = /^\.?[0-9a-f]{64}(?:-[a-z]+)?\.(slices|json)(?:\.[0-9a-f-]{36}\.(slicebook-tmp))?$/.exec(
      name,
    );
    if (kind === null) continue;
    const days = kind[2] === undefined ? UNUSED_DAYS : LEFT_BEHIND_DAYS;
    const path = join(folder, name);
    const modified = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - modified > days * DAY) await rm(path, { force: true }).catch(() => {});
  }
}
