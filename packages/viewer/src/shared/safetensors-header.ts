/** A tensor of a safetensors file: where its values lie, in bytes from the start of the file. */
export interface TensorPlace {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  readonly tensors: Readonly<Record<string, TensorPlace>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** No header of ours is nearly as long. */
const LONGEST = 2 ** 26;

/** The bytes of a file up to the end of its header, from its first eight; throws if they are not a header's. */
export function headerEnd(bytes: Uint8Array): number {
  const declared =
    bytes.length < 8
      ? LONGEST
      : Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (declared >= LONGEST) throw new Error("the file does not start as a safetensors file does");
  return 8 + declared;
}

/**
 * Reads a header, all of which has to be in `bytes`, of a file of that length where it is known.
 *
 * Throws unless each tensor fills its shape and lies after the one before, up to the file's end: what is allocated by a
 * header is no more than the file holds.
 */
export function parseHeader(bytes: Uint8Array, length?: number): SafetensorsHeader {
  const end = headerEnd(bytes);
  if (bytes.length < end) throw new Error(`the header is cut off after ${bytes.length} of ${end} bytes`);
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end)));
  if (!isRecord(header)) throw new Error("the header is not a JSON object");
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isTexts(metadata)) throw new Error("the header's metadata are not texts");
  const tensors = Object.entries(entries).map(([name, value]): [string, TensorPlace] => {
    const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
    if (typeof dtype !== "string" || !isLengths(shape) || !isLengths(offsets) || offsets.length !== 2) {
      throw new Error(`the header's entry "${name}" is malformed`);
    }
    return [name, { dtype, shape, start: end + offsets[0]!, end: end + offsets[1]! }];
  });
  checkPlaces(tensors, end, length);
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** Bytes of a value of the types that are read. */
const BYTES = 4;

function checkPlaces(
  tensors: readonly (readonly [string, TensorPlace])[],
  first: number,
  length: number | undefined,
): void {
  let covered = first;
  for (const [name, { shape, start, end }] of tensors.toSorted(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    if (start !== covered || end - start !== BYTES * shape.reduce((product, side) => product * side, 1)) {
      throw new Error(`the tensor "${name}" does not fill [${shape.join(", ")}] after the one before`);
    }
    covered = end;
  }
  if (length !== undefined && covered !== length) {
    throw new Error(`the tensors end at byte ${covered}, and the file at ${length}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

/** The levels of codes in a file of grids, the first first; grids of one level may be called `codes`. */
export function codeLevels({ tensors }: SafetensorsHeader): TensorPlace[] {
  if (tensors.codes !== undefined) return [tensors.codes];
  const levels: TensorPlace[] = [];
  for (let level = 0; ; level++) {
    const place = tensors[`codes.${level}`];
    if (place === undefined) return levels;
    levels.push(place);
  }
}

/** Whether a checkpoint's tensor is one that a model is used with: the weights' averages, and the codebook. */
export function isUsed(name: string): boolean {
  return name.startsWith("average.") || name.startsWith("quantizer.codebook");
}
