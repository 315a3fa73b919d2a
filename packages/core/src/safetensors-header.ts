import { float32, type HostTensor, int32, SlicebookError, sizeOf } from "@slicebook/base";
import { z } from "zod";

/** Where a tensor's values lie in a safetensors file, in bytes from the start of the file. */
export interface TensorPlace {
  readonly dtype: HostTensor["dtype"];
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  readonly tensors: Readonly<Record<string, TensorPlace>>;
  /** The file's `__metadata__`; empty where it has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

export const METADATA = "__metadata__";
const DTYPES: Readonly<Record<string, HostTensor["dtype"]>> = { F32: "float32", I32: "int32" };
const BYTES = 4;
/** The bytes that say how long the header is. */
const LENGTH_BYTES = 8;
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
 * The bytes up to the end of a file's header, from its first eight; `length` is the whole file's, where it is known.
 *
 * Throws `SAFETENSORS_INVALID` where they are more than the file has, or than any header of ours.
 */
export function headerEnd(bytes: Uint8Array, length?: number): number {
  if (bytes.length < LENGTH_BYTES) throw invalid(`${bytes.length} bytes are too few for a header`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const most = Math.min(MAX_HEADER, (length ?? Infinity) - LENGTH_BYTES);
  if (declared > BigInt(most)) {
    const following = length === undefined ? "" : `${length - LENGTH_BYTES} follow and `;
    throw invalid(
      `the header claims ${declared} bytes, where ${following}${MAX_HEADER} are allowed`,
      "Use a whole safetensors file: this one is cut short, or of another format.",
    );
  }
  return LENGTH_BYTES + Number(declared);
}

/**
 * Reads a header, all of which has to be in `bytes`, of a file of that length where it is known.
 *
 * The header must be well formed, and its tensors must cover the rest of the file without gap or overlap, as the format
 * demands, so that what is allocated by a header is no more than the file holds. Throws `SAFETENSORS_INVALID` with what is
 * wrong, also for a tensor of another type than F32 and I32.
 */
export function readSafetensorsHeader(bytes: Uint8Array, length?: number): SafetensorsHeader {
  const first = headerEnd(bytes, length);
  if (bytes.length < first) throw invalid(`the header is cut off after ${bytes.length} of ${first} bytes`);
  let metadata: SafetensorsHeader["metadata"] = {};
  const entries: ({ readonly name: string } & z.output<typeof entrySchema>)[] = [];
  for (const [name, value] of Object.entries(objectOf(bytes.subarray(LENGTH_BYTES, first)))) {
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
    entries.push({ name, ...parsed.data });
  }
  // An empty tensor shares its offset with the next one, so the end decides between equal beginnings.
  entries.sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);

  const available = (length ?? Infinity) - first;
  let covered = 0;
  const tensors = entries.map(({ name, dtype: stored, shape, data_offsets: [begin, end] }) => {
    const dtype = Object.hasOwn(DTYPES, stored) ? DTYPES[stored] : undefined;
    if (dtype === undefined) {
      throw invalid(
        `tensor "${name}" is of type ${stored}; only F32 and I32 are read`,
        "Convert the tensor to float32 or int32 where the file was written.",
      );
    }
    if (begin !== covered || end < begin || end > available) {
      const within = length === undefined ? "" : ` and within ${available}`;
      throw invalid(
        `tensor "${name}" lies at bytes ${begin} to ${end}, where one from ${covered} on${within} is due`,
      );
    }
    if (sizeOf(shape) * BYTES !== end - begin) {
      throw invalid(`tensor "${name}" has ${end - begin} bytes, which do not fill [${shape.join(", ")}]`);
    }
    covered = end;
    return [name, { dtype, shape, start: first + begin, end: first + end }] as const;
  });
  if (length !== undefined && covered !== available) {
    throw invalid(`the tensors cover ${covered} bytes of data, but ${available} follow the header`);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** A copy of the tensor at a place, from the bytes of the file or, with `first`, those from that one on. */
export function tensorAt(
  { dtype, shape, start, end }: TensorPlace,
  bytes: Uint8Array,
  first = 0,
): HostTensor {
  // Copied, because a view would need an aligned offset, and would keep all of the bytes in memory.
  const { buffer } = new Uint8Array(bytes.subarray(start - first, end - first));
  return dtype === "float32"
    ? float32(new Float32Array(buffer), shape)
    : int32(new Int32Array(buffer), shape);
}

function objectOf(text: Uint8Array): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch (cause) {
    throw invalid("the header is not JSON", undefined, cause);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw invalid("the header is not a JSON object");
  }
  return header;
}

/** Refuses the names that mean something else to the format, or to JavaScript. */
export function checkName(name: string): void {
  if (name === METADATA || name === "__proto__") throw invalid(`"${name}" cannot be a name`);
}

export function invalid(problem: string, remedy?: string, cause?: unknown): SlicebookError {
  const options = { ...(remedy === undefined ? {} : { remedy }), ...(cause === undefined ? {} : { cause }) };
  return new SlicebookError("SAFETENSORS_INVALID", `safetensors: ${problem}`, options);
}
