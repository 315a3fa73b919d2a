import { type HostTensor, type HostTensors, SlicebookError } from "@slicebook/base";
import {
  headerEnd,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorPlace,
  tensorAt,
} from "@slicebook/core/host";

/** Asked for first: headers of checkpoints are shorter, so that one request is mostly enough. */
const FIRST_BYTES = 2 ** 16;
/** Tensors with no more than this many bytes between them come with one request. */
const LARGEST_GAP = 2 ** 16;

/** A part of a file, or all of it where a server does not know ranges. */
interface Part {
  readonly bytes: Uint8Array;
  /** Where it starts in the file. */
  readonly start: number;
}

/** Reads the header of a safetensors file, and no more where the server knows ranges. */
export async function loadHeader(url: string): Promise<SafetensorsHeader> {
  return (await headerOf(url)).header;
}

/** Reads those tensors of a safetensors file whose names are wanted, by ranges. */
export async function loadTensors(
  url: string,
  wanted: (name: string) => boolean,
): Promise<{ readonly tensors: HostTensors; readonly metadata: SafetensorsHeader["metadata"] }> {
  const { header, first } = await headerOf(url);
  const places = Object.entries(header.tensors)
    .filter(([name]) => wanted(name))
    .sort(([, a], [, b]) => a.start - b.start);
  const tensors: Record<string, HostTensor> = {};
  for (let next = 0; next < places.length; ) {
    const from = next;
    while (next + 1 < places.length && places[next + 1]![1].start - places[next]![1].end <= LARGEST_GAP)
      next += 1;
    next += 1;
    const [start, end] = [places[from]![1].start, places[next - 1]![1].end];
    const part = holds(first, start, end) ? first : await fetchPart(url, start, end);
    for (const [name, place] of places.slice(from, next)) tensors[name] = tensorOf(url, name, place, part);
  }
  return { tensors, metadata: header.metadata };
}

/** Some grids of a level, [count, rows, columns], from the one with that number on. */
export async function loadGrids(
  url: string,
  place: TensorPlace,
  first: number,
  count: number,
): Promise<Int32Array> {
  const each = 4 * place.shape[1]! * place.shape[2]!;
  const [start, end] = [place.start + first * each, place.start + (first + count) * each];
  const part = await fetchPart(url, start, end);
  const { data } = tensorOf(url, "codes", { ...place, shape: [(end - start) / 4], start, end }, part);
  return Int32Array.from(data);
}

async function headerOf(url: string): Promise<{ readonly header: SafetensorsHeader; readonly first: Part }> {
  let first = await fetchPart(url, 0, FIRST_BYTES);
  try {
    const end = headerEnd(first.bytes);
    if (end > first.bytes.length) first = await fetchPart(url, 0, end);
    return { header: readSafetensorsHeader(first.bytes), first };
  } catch (error) {
    throw damaged(url, error);
  }
}

async function fetchPart(url: string, start: number, end: number): Promise<Part> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, cache: "no-cache" });
  if (!response.ok) throw damaged(url, `the server answered ${response.status}`);
  return { bytes: new Uint8Array(await response.arrayBuffer()), start: response.status === 206 ? start : 0 };
}

function holds({ bytes, start }: Part, from: number, to: number): boolean {
  return from >= start && to <= start + bytes.length;
}

function tensorOf(url: string, name: string, place: TensorPlace, part: Part): HostTensor {
  if (!holds(part, place.start, place.end)) throw damaged(url, `it is cut off within the tensor "${name}"`);
  return tensorAt(place, part.bytes, part.start);
}

/** The error for a file of the run that is not what it should be. */
export function damaged(url: string, cause: unknown): SlicebookError {
  const name = new URL(url).pathname.split("/").slice(-2).join("/");
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SlicebookError("RUN_DAMAGED", `${name} cannot be read: ${why}`, {
    remedy: "Train or sample again, and reload the page.",
  });
}
