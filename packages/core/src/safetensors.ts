import { float32, type HostTensor, type HostTensors, int32, SlicebookError, sizeOf } from "@slicebook/base";
import { z } from "zod";

/** What {@link decodeSafetensors} reads. */
export interface Safetensors {
  readonly tensors: HostTensors;
  /** The file's `__metadata__`; empty where it has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
const DTYPES = { float32: "F32", int32: "I32" } as const;
const ARRAYS = { float32: Float32Array, int32: Int32Array } as const;
const BYTES = 4;
/** The reference implementation reads no longer header either. */
const MAX_HEADER = 100_000_000;

const lengthSchema = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(lengthSchema),
  data_offsets: z.tuple([lengthSchema, lengthSchema]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * Writes named tensors as the bytes of a safetensors file: an 8-byte little-endian header length, a JSON header padded
 * with spaces to a multiple of 8, and the values, little-endian and row-major, in the order of their names.
 *
 * The same tensors and metadata give the same bytes, in whatever order they are listed. Throws `SAFETENSORS_INVALID`
 * for a name that the format reserves, or a tensor of another type or whose values do not fill its shape.
 */
export function encodeSafetensors(
  tensors: HostTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const named = sorted(tensors);
  const comments = sorted(metadata);
  const header: Record<string, unknown> = {};
  if (comments.length > 0) {
    for (const [key] of comments) checkName(key);
    header[METADATA] = Object.fromEntries(comments);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of named) {
    checkName(name);
    const ofType = Object.hasOwn(ARRAYS, dtype) && data instanceof ARRAYS[dtype];
    if (!ofType) {
      const found = `${dtype} in a ${Object.prototype.toString.call(data).slice(8, -1)}`;
      throw invalid(
        `tensor "${name}" is ${found}; a file takes float32 in a Float32Array and int32 in an Int32Array`,
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw invalid(`tensor "${name}" has ${data.length} values, which do not fill [${shape.join(", ")}]`);
    }
    header[name] = { dtype: DTYPES[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }

  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(text, 8);
  let position = 8 + headerLength;
  for (const [, { data }] of named) {
    // Typed arrays have the machine's byte order, which is little-endian wherever JavaScript runs today.
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a safetensors file, which may come from anywhere: the header must be well formed, and the tensors
 * must cover the rest of the file without gap or overlap, as the format demands.
 *
 * The values are copied. Throws `SAFETENSORS_INVALID` with what is wrong, also for a tensor of another type than
 * F32 and I32.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = split(bytes);
  let metadata: Safetensors["metadata"] = {};
  const entries: { name: string; dtype: string; shape: number[]; begin: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw invalid(`${METADATA} is not a record of texts`);
      metadata = parsed.data;
      continue;
    }
    checkName(name);
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success) {
      throw invalid(`the header's entry "${name}" is malformed: ${z.prettifyError(parsed.error)}`);
    }
    const { dtype, shape, data_offsets } = parsed.data;
    entries.push({ name, dtype, shape, begin: data_offsets[0], end: data_offsets[1] });
  }

  const tensors: [string, HostTensor][] = [];
  let covered = 0;
  // An empty tensor shares its offset with the next one, so the end decides between equal beginnings.
  for (const { name, dtype, shape, begin, end } of entries.sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (dtype !== DTYPES.float32 && dtype !== DTYPES.int32) {
      throw invalid(
        `tensor "${name}" is of type ${dtype}; only F32 and I32 are read`,
        "Convert the tensor to float32 or int32 where the file was written.",
      );
    }
    if (begin !== covered || end < begin || end > data.length) {
      throw invalid(
        `tensor "${name}" lies at bytes ${begin} to ${end}, where one from ${covered} on and within ` +
          `${data.length} is due`,
      );
    }
    if (sizeOf(shape) * BYTES !== end - begin) {
      throw invalid(`tensor "${name}" has ${end - begin} bytes, which do not fill [${shape.join(", ")}]`);
    }
    covered = end;
    // Copied, because a view would need an aligned offset, and would keep the whole file in memory.
    const { buffer } = new Uint8Array(data.subarray(begin, end));
    tensors.push([
      name,
      dtype === DTYPES.float32
        ? float32(new Float32Array(buffer), shape)
        : int32(new Int32Array(buffer), shape),
    ]);
  }
  if (covered !== data.length) {
    throw invalid(`the tensors cover ${covered} bytes of data, but ${data.length} follow the header`);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** The header as parsed, unchecked but for being an object, and the bytes after it. */
function split(bytes: Uint8Array): { header: object; data: Uint8Array } {
  if (bytes.length < 8) throw invalid(`${bytes.length} bytes are too few for a header`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(Math.min(MAX_HEADER, bytes.length - 8))) {
    throw invalid(
      `the header claims ${declared} bytes, where ${bytes.length - 8} follow and ${MAX_HEADER} are allowed`,
      "Use a whole safetensors file: this one is cut short, or of another format.",
    );
  }
  const start = 8 + Number(declared);
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, start));
    header = JSON.parse(text);
  } catch (cause) {
    throw invalid("the header is not JSON", undefined, cause);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw invalid("the header is not a JSON object");
  }
  return { header, data: bytes.subarray(start) };
}

/** Refuses the names that mean something else to the format, or to JavaScript. */
function checkName(name: string): void {
  if (name === METADATA || name === "__proto__") throw invalid(`"${name}" cannot be a name`);
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function invalid(found: string, remedy?: string, cause?: unknown): SlicebookError {
  const options = { ...(remedy === undefined ? {} : { remedy }), ...(cause === undefined ? {} : { cause }) };
  return new SlicebookError("SAFETENSORS_INVALID", `safetensors: ${found}`, options);
}
