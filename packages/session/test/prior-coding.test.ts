import { crc32, float32, type HostTensors, type Random, random } from "@slicebook/base";
import {
  type BoundPrior,
  type CodeSpace,
  decodeCodedSlice,
  encodeCodedSlice,
  type PriorCoding,
  packByPrior,
  type SliceRecord,
  unpackByPrior,
} from "@slicebook/core";
import { CONTRACT_SPACES } from "@slicebook/core/testing";
import { createExactEngine } from "@slicebook/engine";
import { pixelcnn } from "@slicebook/prior-pixelcnn";
import { transformer } from "@slicebook/prior-transformer";
import { describe, expect, it } from "vitest";

/** Both priors, tiny, and with all that they can be told. */
const PRIORS: Readonly<Record<string, (space: CodeSpace) => BoundPrior>> = {
  pixelcnn: (space) =>
    pixelcnn.bind(
      pixelcnn.schema.parse({
        layers: 3,
        hidden: 6,
        headWidth: 8,
        slicePosition: true,
        attention: { count: 1, heads: 2, width: 4 },
      }),
      space,
    ),
  transformer: (space) =>
    transformer.bind(
      transformer.schema.parse({ layers: 2, width: 8, heads: 2, headWidth: 4, slicePosition: true }),
      space,
    ),
};

/** A prior with random weights, made of exact operations only. */
function codingBy(bind: (space: CodeSpace) => BoundPrior, space: CodeSpace): PriorCoding {
  const prior = bind(space);
  const carry: HostTensors = Object.assign({}, ...prior.parts.map((part) => part.initialCarry(1)));
  const weights = Object.entries(prior.parameters(carry, { average: false })).map(
    ([name, { shape, data }]) => {
      const draws = random(3, name);
      return [
        name,
        float32(
          Float32Array.from(data, () => 2 * draws.uniform() - 1),
          shape,
        ),
      ] as const;
    },
  );
  return { prior, parameters: Object.fromEntries(weights), engine: createExactEngine() };
}

/** Codes of some slices, and what is told of them. */
function slicesOf({ space, conditions }: BoundPrior, count: number) {
  const draws = random(5, "codes", count);
  const levels = space.levels.map(({ codes, rows, columns }) =>
    Int32Array.from({ length: count * rows * columns }, () => draws.integer(codes)),
  );
  const labels = Array.from({ length: count }, () => draws.integer(Math.max(1, space.classes)));
  const slicePositions = Array.from({ length: count }, (_, slice) =>
    slice % 3 === 0 ? -1 : draws.uniform(),
  );
  return {
    levels,
    told: {
      ...(conditions.includes("labels") && { labels }),
      ...(conditions.includes("slicePositions") && { slicePositions }),
    },
  };
}

/** The slice of that number alone. */
function one(levels: readonly Int32Array[], count: number, slice: number): Int32Array[] {
  return levels.map((codes) => {
    const each = codes.length / count;
    return codes.slice(slice * each, (slice + 1) * each);
  });
}

const SLICES = 18; // more than the prior has side by side

describe.each(Object.entries(PRIORS))("codes coded by the prior %s", (_, bind) => {
  it.each(Object.entries(CONTRACT_SPACES))(
    "are read as they were written, a slice alone or among others: %s",
    async (_, space) => {
      const coding = codingBy(bind, space);
      const { levels, told } = slicesOf(coding.prior, SLICES);
      const packed = await packByPrior(levels, SLICES, { ...coding, conditions: told });
      expect(await unpackByPrior(packed, { ...coding, conditions: told })).toEqual(levels);
      for (const slice of [0, SLICES - 1]) {
        const conditions = Object.fromEntries(
          Object.entries(told).map(([name, values]) => [name, [values[slice]!]]),
        );
        const alone = one(levels, SLICES, slice);
        expect(await packByPrior(alone, 1, { ...coding, conditions })).toEqual([packed[slice]]);
        expect(await unpackByPrior([packed[slice]!], { ...coding, conditions })).toEqual(alone);
      }
    },
  );
});

const SPACE: CodeSpace = {
  levels: [
    { codes: 7, rows: 3, columns: 2 },
    { codes: 5, rows: 6, columns: 5 },
  ],
  classes: 2,
};
const RECORD: SliceRecord = {
  original: { size: [60, 50], type: "uint8", range: [0, 255] },
  policy: "resize",
  map: { offset: 0, scale: 1 / 187.5 },
  affine: undefined,
  told: { labels: 1, slicePositions: 0.5 },
};
const BY = { model: "01234567", prior: "89abcdef" };

async function fileOf(coded: PriorCoding): Promise<{ content: Uint8Array; levels: Int32Array[] }> {
  const { levels } = slicesOf(coded.prior, 1);
  const conditions = { labels: [1], slicePositions: [0.5] };
  const [packed] = await packByPrior(levels, 1, { ...coded, conditions });
  return { content: encodeCodedSlice(BY, RECORD, { packed: packed!, levels }), levels };
}

/** Everything that a file says; throws what says why not. Codes that were unpacked once are in `known`, since it takes long. */
async function read(
  content: Uint8Array,
  coded: PriorCoding,
  known = new Map<string, Int32Array[]>(),
): Promise<unknown> {
  const { codes, record, ...by } = decodeCodedSlice(content);
  if (by.model !== BY.model || by.prior !== BY.prior) throw new Error("of another model or prior");
  const { labels = 0, slicePositions = -1 } = record.told;
  const conditions = { labels: [labels], slicePositions: [slicePositions] };
  const key = JSON.stringify([Buffer.from(codes.packed).toString("hex"), conditions]);
  const levels = known.get(key) ?? (await unpackByPrior([codes.packed], { ...coded, conditions }));
  known.set(key, levels);
  codes.check(levels);
  return { levels, record };
}

/** With a bit or a byte of it changed, cut off, or with a piece of it twice. */
function mutated(content: Uint8Array, draws: Random): Uint8Array {
  const at = draws.integer(content.length);
  const changed = content.slice();
  const kind = draws.integer(4);
  if (kind === 0) changed[at]! ^= 2 ** draws.integer(8);
  if (kind === 1) changed[at] = draws.integer(256);
  if (kind === 2) return changed.subarray(0, at);
  if (kind === 3)
    return Uint8Array.from([...content.subarray(0, at), ...content.subarray(draws.integer(at + 1))]);
  return changed;
}

/** With the right checksum of its bytes, but not of its codes. */
function resealed(content: Uint8Array): Uint8Array {
  if (content.length < 6) return content;
  const end = content.length - 6;
  new DataView(content.buffer, content.byteOffset).setUint16(end, crc32(content.subarray(0, end)), true);
  return content;
}

describe("a file of a slice that a prior coded", () => {
  it("has the same bytes on every machine", async () => {
    const found = await Promise.all(
      Object.values(PRIORS).map(async (bind) => (await fileOf(codingBy(bind, SPACE))).content),
    );
    expect(found.map((content) => Buffer.from(content).toString("base64"))).toMatchInlineSnapshot(`
      [
        "U0xCSwIBI0VniavN77FIAIA7Q/88MgMBgGDE0W34nDFAey90AcZy13yq9uXUUv4RoQ==",
        "U0xCSwIBI0VniavN77FIAIA7Q/88MgMBgJbyPSZQ1ddEyFxueaXz9KYDIRrTnvw=",
      ]
    `);
  });

  it("is read, and written anew to the same bytes", async () => {
    const coded = codingBy(PRIORS.pixelcnn!, SPACE);
    const { content, levels } = await fileOf(coded);
    const record = {
      ...RECORD,
      map: { offset: 0, scale: 1 / 187.5 },
      told: { labels: 1, slicePositions: 127 / 254 },
    };
    expect(await read(content, coded)).toEqual({ levels, record });
  });

  it("gives an error or the very codes, whatever happens to its bytes", async () => {
    const coded = codingBy(PRIORS.pixelcnn!, SPACE);
    const { content } = await fileOf(coded);
    const known = new Map<string, Int32Array[]>();
    const whole = await read(content, coded, known);
    const draws = random(9, "mutations");
    for (let mutation = 0; mutation < 10_000; mutation++) {
      const changed = mutated(content, draws);
      // Some also get the right checksum of their bytes, so that their codes are read.
      const file = mutation % 500 === 0 ? resealed(changed) : changed;
      if (Buffer.compare(file, content) === 0) continue;
      const found = await read(file, coded, known).catch(() => undefined);
      if (found !== undefined) expect(found).toEqual(whole);
    }
  });
});
