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

/** The bytes of a file up to the end of its header, from its first eight; throws if they are no header's. */
export function headerEnd(bytes: Uint8Array): number {
  const declared =
    bytes.length < 8
      ? LONGEST
      : Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (declared >= LONGEST) throw new Error("the file does not start as a safetensors file does");
  return 8 + declared;
}

/** Reads a header, all of which has to be in `bytes`. */
export function parseHeader(bytes: Uint8Array): SafetensorsHeader {
  const end = headerEnd(bytes);
  if (bytes.length < end) throw new Error(`the header is cut off after ${bytes.length} of ${end} bytes`);
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, end)),
  ) as Record<string, unknown>;
  const tensors = Object.entries(entries).map(([name, value]): [string, TensorPlace] => {
    const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
    if (typeof dtype !== "string" || !isLengths(shape) || !isLengths(offsets) || offsets.length !== 2) {
      throw new Error(`the header's entry "${name}" is malformed`);
    }
    return [name, { dtype, shape, start: end + offsets[0]!, end: end + offsets[1]! }];
  });
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
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
