import { readFileSync } from "node:fs";
import { float32, type HostTensors, int32, random, SlicebookError } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../src/safetensors.ts";
import { headerEnd, readSafetensorsHeader, tensorAt } from "../src/safetensors-header.ts";

interface Golden {
  file: string;
  tensors: Record<string, { dtype: "float32" | "int32"; shape: number[]; bits: number[] }>;
  metadata: Record<string, string>;
}

const golden: Golden = JSON.parse(readFileSync(new URL("golden/safetensors.json", import.meta.url), "utf8"));
const goldenBytes = new Uint8Array(Buffer.from(golden.file, "base64"));
// By their bits: where ONNX Runtime has run before, the processor takes the smallest floats for 0.
const goldenTensors: HostTensors = Object.fromEntries(
  Object.entries(golden.tensors).map(([name, { dtype, shape, bits }]) => {
    const data = Int32Array.from(bits);
    return [name, dtype === "float32" ? float32(new Float32Array(data.buffer), shape) : int32(data, shape)];
  }),
);

/** A file with any header, well formed or not. */
function file(header: unknown, data: number[] = [], declared?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, declared ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const four = [0, 0, 128, 63];
const scalar = { dtype: "F32", shape: [], data_offsets: [0, 4] };

describe("encodeSafetensors", () => {
  it("writes the bytes that Python writes", () => {
    expect(Buffer.from(encodeSafetensors(goldenTensors, golden.metadata)).toString("base64")).toBe(
      golden.file,
    );
  });

  it("writes the same bytes in whatever order tensors and metadata are listed", () => {
    const [a, b] = [float32([1, 2], [2]), int32([3], [1])];
    const bytes = encodeSafetensors({ a, b }, { x: "1", y: "2" });
    expect(encodeSafetensors({ b, a }, { y: "2", x: "1" })).toEqual(bytes);
  });

  it("aligns the values to 8 bytes", () => {
    for (const name of ["a", "ab", "abc", "ä", "abcdefgh"]) {
      const bytes = encodeSafetensors({ [name]: float32([1], []) });
      expect(bytes.length % 8).toBe(4);
    }
  });

  it("writes the part of a buffer that a view shows", () => {
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(decodeSafetensors(encodeSafetensors({ view: float32(view, [2]) })).tensors).toEqual({
      view: float32([2, 3], [2]),
    });
  });

  it.each(["__metadata__", "__proto__"])("refuses the name %s", (name) => {
    expect(() => encodeSafetensors({ [name]: float32([1], []) })).toThrow(`"${name}" cannot be a name`);
  });

  it.each([
    ["uint8", Uint8Array.of(1)],
    ["bool", Uint8Array.of(1)],
    ["float64", Float64Array.of(1)],
    ["float32", Float64Array.of(1)],
    ["int32", Float32Array.of(1)],
    ["float32", [1]],
    ["constructor", Float32Array.of(1)],
    [undefined, Float32Array.of(1)],
  ])("refuses a tensor of the type %s in %o, which it cannot write", (dtype, data) => {
    const tensors = { broken: { dtype, shape: [1], data } } as unknown as HostTensors;
    expect(() => encodeSafetensors(tensors)).toThrow(`tensor "broken" is ${dtype} in a`);
  });

  it("refuses values that do not fill their shape", () => {
    const broken = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2) } as const;
    expect(() => encodeSafetensors({ broken })).toThrow(
      'tensor "broken" has 2 values, which do not fill [3]',
    );
  });
});

describe("decodeSafetensors", () => {
  it("reads what Python wrote", () => {
    expect(decodeSafetensors(goldenBytes)).toEqual({ tensors: goldenTensors, metadata: golden.metadata });
  });

  it("reads from any offset of a larger buffer, and copies", () => {
    const larger = new Uint8Array(goldenBytes.length + 3);
    larger.set(goldenBytes, 3);
    const { tensors } = decodeSafetensors(Buffer.from(larger.buffer, 3));
    larger.fill(255);
    expect(tensors).toEqual(goldenTensors);
  });

  it("keeps every bit, also of NaN", () => {
    const bits = Uint32Array.of(0x7fc12345, 0xff800000, 0x00000001, 0x80000000);
    const weird = float32(new Float32Array(bits.buffer), [4]);
    const { tensors } = decodeSafetensors(encodeSafetensors({ weird }));
    expect([...new Uint32Array(tensors.weird!.data.buffer)]).toEqual([...bits]);
  });

  it("reads tensors named like what every object has", () => {
    const tensors = { constructor: float32([1], []), toString: float32([2], []) };
    expect(decodeSafetensors(encodeSafetensors(tensors)).tensors).toEqual(tensors);
  });

  it.each<[string, Uint8Array, string]>([
    ["no header", Uint8Array.of(1, 2, 3), "3 bytes are too few"],
    ["a header longer than the file", file("{}", [], 3n), "the header claims 3 bytes, where 2 follow"],
    ["a huge header", file("{}", [], 2n ** 64n - 1n), "the header claims 18446744073709551615 bytes"],
    ["no JSON", file("{,}"), "not JSON"],
    ["no UTF-8", file("", [0x7b, 0xff, 0x7d], 3n), "not JSON"],
    ["an array", file([]), "not a JSON object"],
    ["null", file("null"), "not a JSON object"],
    ["metadata that is not a text", file({ __metadata__: { a: 1 } }), "not a record of texts"],
    ["a name that is the prototype", file('{"__proto__":{}}'), '"__proto__" cannot be a name'],
    ["an entry that is not an object", file({ a: 3 }), 'entry "a" is malformed'],
    ["an unknown field", file({ a: { ...scalar, strides: [1] } }, four), 'entry "a" is malformed'],
    ["a negative side", file({ a: { ...scalar, shape: [-1] } }, four), 'entry "a" is malformed'],
    ["a broken side", file({ a: { ...scalar, shape: [0.5] } }, four), 'entry "a" is malformed'],
    ["a side beyond 2⁵³", file({ a: { ...scalar, shape: [2 ** 60, 0] } }, four), 'entry "a" is malformed'],
    ["one offset", file({ a: { ...scalar, data_offsets: [0] } }, four), 'entry "a" is malformed'],
    ["an end before the beginning", file({ a: { ...scalar, data_offsets: [0, -4] } }, four), "malformed"],
    [
      "a product that overflows",
      file({ a: { ...scalar, shape: new Array(40).fill(2 ** 50) } }, four),
      "fill",
    ],
    ["a shape of another size", file({ a: { ...scalar, shape: [2] } }, four), "do not fill [2]"],
    ["a truncated tensor", file({ a: scalar }, four.slice(1)), "bytes 0 to 4"],
    ["overlapping tensors", file({ a: scalar, b: scalar }, four), 'tensor "b" lies at bytes 0 to 4'],
    ["a gap", file({ a: { ...scalar, data_offsets: [4, 8] } }, [...four, ...four]), "one from 0 on"],
    ["bytes that no tensor has", file({ a: scalar }, [...four, 0]), "cover 4 bytes of data, but 5 follow"],
    ["half floats", file({ a: { ...scalar, dtype: "BF16" } }, four), 'tensor "a" is of type BF16'],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(SlicebookError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it("keeps a __proto__ in the metadata away from prototypes", () => {
    const { metadata } = decodeSafetensors(file('{"__metadata__":{"__proto__":"x","a":"b"}}'));
    expect(metadata.a).toBe("b");
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it("never fails in another way, and never reads nonsense from a file with broken bytes", () => {
    const stream = random(1, "fuzz");
    for (let turn = 0; turn < 2000; turn++) {
      const bytes = goldenBytes.slice(0, 1 + stream.integer(goldenBytes.length));
      for (let hit = stream.integer(4); hit >= 0; hit--)
        bytes[stream.integer(bytes.length)] = stream.integer(256);
      try {
        const { tensors } = decodeSafetensors(bytes);
        const values = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(values).toBeLessThan(bytes.length);
      } catch (error) {
        expect(error).toMatchObject({ name: "SlicebookError", code: "SAFETENSORS_INVALID" });
      }
    }
  });
});

describe("readSafetensorsHeader", () => {
  const end = headerEnd(goldenBytes.subarray(0, 8));

  it("says from the start of a file where its tensors lie, each of which can be read by itself", () => {
    const { tensors, metadata } = readSafetensorsHeader(goldenBytes.subarray(0, end));
    expect(metadata).toEqual(golden.metadata);
    for (const [name, place] of Object.entries(tensors)) {
      const part = goldenBytes.subarray(place.start, place.end);
      expect(tensorAt(place, part, place.start)).toEqual(goldenTensors[name]);
    }
  });

  it("refuses a start that is too short, and a file that is", () => {
    expect(() => readSafetensorsHeader(goldenBytes.subarray(0, end - 1))).toThrow("the header is cut off");
    expect(() => headerEnd(goldenBytes.subarray(0, 8), end - 1)).toThrow("the header claims");
    expect(() => readSafetensorsHeader(goldenBytes.subarray(0, end), end)).toThrow("and within 0 is due");
  });
});
