import { stat } from "node:fs/promises";
import { join } from "node:path";
import { counted, int32, interruptedError, SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import {
  CODED_AT_ONCE,
  CODED_HASH_DIGITS,
  type CodedSlice,
  decodeArchive,
  decodeCodedSlice,
  encodeArchive,
  encodeCodedSlice,
  encodeSlbk,
  type PriorCoder,
  packCodes,
  rangeOf,
  type SlbkHeader,
  type SliceCodes,
  type SliceRecord,
  TABLES_HASH_DIGITS,
  tablesChecksum,
} from "@slicebook/core";
import { createDistanceMeter, createEncoder } from "@slicebook/model";
import { missing, trainedPrior } from "@slicebook/runs";
import {
  codeTables,
  createSliceScorer,
  modelHash,
  modelParameters,
  openOwnSlices,
  openPriorCoder,
  reportProgress,
  type Session,
  uniqueNames,
} from "@slicebook/session";
import { type CompressedSizes, checkFree } from "./compressed-slices.ts";

/** How codes are coded: by the probability that the run's prior gives each, or by how often the training slices use it. */
export const codings = ["prior", "tables"] as const;
export type Coding = (typeof codings)[number];

export interface CompressOptions {
  /** The folder of what is written. */
  readonly out: string;
  /** Write over files that are there. */
  readonly force: boolean;
  /** By the prior where the run has one, unless given. */
  readonly coding?: Coding | undefined;
  /** One file for all slices, instead of one for each in `out`. */
  readonly archive?: string | undefined;
  /** Above 0, codes are chosen for fewer bits (see `packForRate` of core); the nearest unless given. */
  readonly lambda?: number | undefined;
}

/** Writes each file's slice as the codes that a run's model makes of it, entropy coded, into a `.slbk` file, or all into an archive. */
export async function compressFiles(
  session: Session,
  files: readonly string[],
  { out, force, coding, archive, lambda = 0 }: CompressOptions,
): Promise<CompressedSizes> {
  const { model, emit, paths } = session;
  if (archive !== undefined && coding === "tables") {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      "the slices of an archive are coded by the prior, not by tables",
      {
        remedy: "Leave out --coding tables, or leave out --archive for a file of each slice.",
      },
    );
  }
  checkLambda(lambda, coding);
  const coder = coding === "tables" ? undefined : await openPriorCoder(session);
  if (coder === undefined && (coding === "prior" || archive !== undefined || lambda > 0)) {
    throw missing(paths.folder, trainedPrior);
  }
  if (coder === undefined && coding === undefined) {
    const text = `${paths.folder} has no trained prior: codes are coded by how often its training slices use each`;
    emit({ type: "note", text });
  }
  const names = uniqueNames(files);
  const targets = archive === undefined ? names.map((name) => join(out, `${name}.slbk`)) : [archive];
  await checkFree(targets, force);
  const way =
    coder === undefined
      ? await tablesHeader(session)
      : await priorCoding(session, coder, { count: files.length, lambda });
  const slices = await encodeSlices(session, files, { images: lambda > 0 });
  const [height, width] = model.size;
  const sizes = { originalBytes: 0, bytes: 0 };
  for (const file of files) sizes.originalBytes += (await stat(file)).size;
  const write = async (path: string, content: Uint8Array, count: number) => {
    const bits = (8 * content.length) / (count * height * width);
    const of = archive === undefined ? "" : `${counted(count, "slice")}, `;
    await writeFileAtomic(path, content);
    session.made(path, `${of}${content.length} bytes, ${bits.toFixed(3)} bits per pixel`);
    sizes.bytes += content.length;
  };
  if ("tables" in way) {
    for (const [index, slice] of slices.entries()) {
      const content = encodeSlbk({ ...slice, ...way.fields }, packCodes(slice.codes, way.tables));
      await write(targets[index]!, content, 1);
    }
  } else if (archive === undefined) {
    for (let first = 0; first < slices.length; first += CODED_AT_ONCE) {
      const coded = await way.pack(slices.slice(first, first + CODED_AT_ONCE));
      const contents = coded.map(({ record, ...codes }) => encodeCodedSlice(way.by, record, codes));
      await way.check(contents.map(decodeCodedSlice));
      for (const [index, content] of contents.entries()) await write(targets[first + index]!, content, 1);
    }
  } else {
    const coded = await way.pack(slices);
    const content = encodeArchive(
      way.by,
      coded.map((slice, index) => ({ ...slice, name: names[index]! })),
    );
    await way.check(decodeArchive(content).slices);
    await write(archive, content, slices.length);
  }
  return { ...sizes, bitsPerPixel: (8 * sizes.bytes) / (files.length * height * width) };
}

/** A slice's codes, and what else is kept of it. */
type EncodedSlice = Omit<SlbkHeader, "model" | "tables" | "size"> & {
  readonly codes: SliceCodes;
  /** Preprocessed, [height, width]; of slices whose codes are chosen for fewer bits. */
  readonly image: Float32Array | undefined;
};

async function encodeSlices(
  session: Session,
  files: readonly string[],
  { images }: { readonly images: boolean },
): Promise<EncodedSlice[]> {
  const { config, model, signal, emit } = session;
  const [height, width] = model.size;
  const reader = await openOwnSlices(session);
  const encoder = await createEncoder(await session.engine(), await modelParameters(session), {
    model,
    batch: 1,
  });
  const progress = reportProgress(emit, "compress", "images");
  const slices: EncodedSlice[] = [];
  try {
    for (const file of files) {
      if (signal?.aborted) throw interruptedError();
      const { original, prepared, map, source, placement } = await reader.read(file);
      const levels = await encoder.encode(prepared);
      const { minimum, range } = rangeOf(original);
      const fits = source.height === height && source.width === width;
      slices.push({
        original: {
          size: [source.height, source.width],
          type: source.type,
          range: [minimum, minimum + range],
        },
        policy: fits ? "none" : config.dataset.sizePolicy!, // without a policy, such a slice is not read
        map,
        affine: placement?.affine,
        affineCode: placement?.code,
        codes: levels.map(({ data }) => data),
        image: images ? prepared : undefined,
      });
      progress(slices.length, files.length);
    }
  } finally {
    await encoder.dispose();
  }
  return slices;
}

async function tablesHeader(session: Session) {
  const tables = await codeTables(session);
  const model = (await modelHash(session)).slice(0, TABLES_HASH_DIGITS);
  return { tables, fields: { size: session.model.size, model, tables: tablesChecksum(tables) } };
}

/** Codes slices by the run's prior, and reads what was written again. */
async function priorCoding(
  session: Session,
  coder: PriorCoder,
  { count, lambda }: { readonly count: number; readonly lambda: number },
) {
  const total = 2 * count * coder.codesPerSlice;
  const progress = reportProgress(session.emit, "compress", "codes");
  let done = 0;
  const onCodes = (more: number) => {
    done += more;
    progress(done, total);
  };
  return {
    by: {
      model: (await modelHash(session)).slice(0, CODED_HASH_DIGITS),
      prior: coder.hash.slice(0, CODED_HASH_DIGITS),
    },
    async pack(slices: readonly EncodedSlice[]) {
      const labels = await likeliestClasses(session, coder, slices);
      const records = slices.map((slice, index) => recordOf(slice, coder.told(labels[index])));
      const told = slices.map((slice, index) => ({ ...slice, told: records[index]!.told }));
      const coded =
        lambda > 0
          ? await packForRate(session, coder, told, { lambda, onCodes })
          : await packAsEncoded(coder, told, onCodes);
      return coded.map(({ packed, codes }, index) => ({ record: records[index]!, packed, levels: codes }));
    },
    /** Throws if what was written does not give the codes back. */
    async check(written: readonly CodedSlice[]): Promise<void> {
      const sealed = written.map(({ record, codes }) => ({ told: record.told, codes }));
      const read = await coder.unpack(
        sealed.map(({ told, codes }) => ({ told, packed: codes.packed })),
        onCodes,
      );
      for (const [index, { codes }] of sealed.entries()) codes.check(read[index]!);
    },
  };
}

type ToldSlice = EncodedSlice & { readonly told: SliceRecord["told"] };

/** The codes that the encoder found nearest, coded. */
async function packAsEncoded(
  coder: PriorCoder,
  slices: readonly ToldSlice[],
  onCodes: (more: number) => void,
) {
  const packed = await coder.pack(slices, onCodes);
  return slices.map(({ codes }, index) => ({ packed: packed[index]!, codes }));
}

/** Codes chosen for fewer bits, coded. */
async function packForRate(
  session: Session,
  coder: PriorCoder,
  slices: readonly ToldSlice[],
  { lambda, onCodes }: { readonly lambda: number; readonly onCodes: (more: number) => void },
) {
  const { model } = session;
  const meter = await createDistanceMeter(await session.engine(), await modelParameters(session), {
    model,
    batch: 1,
  });
  const toCode = slices.map(({ image, told }) => ({ image: image!, told })); // kept where λ is above 0
  return coder.packForRate(toCode, { lambda, meter }, onCodes).finally(() => meter.dispose());
}

function checkLambda(lambda: number, coding: Coding | undefined): void {
  if (!(lambda >= 0 && lambda < Number.POSITIVE_INFINITY)) {
    throw new SlicebookError("ARGUMENT_INVALID", `--lambda is ${lambda}, and must be a number from 0`, {
      remedy: "Take 0 for the nearest codes, or 0.1 for about a tenth fewer bytes.",
    });
  }
  if (lambda > 0 && coding === "tables") {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      "--lambda weighs the bits that the prior gives, not those of tables",
      {
        remedy: "Leave out --coding tables, or leave out --lambda.",
      },
    );
  }
}

/** Of each slice the class that it is likeliest to be of; undefined where the prior takes none. */
async function likeliestClasses(
  session: Session,
  { takesClasses }: PriorCoder,
  slices: readonly EncodedSlice[],
): Promise<(string | undefined)[]> {
  const scorer = takesClasses ? await createSliceScorer(session) : undefined;
  const labels: (string | undefined)[] = [];
  try {
    for (const { codes } of slices) {
      const grids = codes.map((grid, level) => {
        const { rows, columns } = session.model.levels[level]!;
        return int32(grid, [1, rows, columns]);
      });
      labels.push((await scorer?.score(grids))?.label);
    }
  } finally {
    await scorer?.dispose();
  }
  return labels;
}

/** What a prior-coded file keeps of a slice: the original's range only where it decides what is restored. */
function recordOf(
  { original: { size, type, range }, policy, map, affine, affineCode }: EncodedSlice,
  told: SliceRecord["told"],
): SliceRecord {
  return {
    original: {
      size: policy === "none" ? undefined : size,
      type,
      range: affine === undefined ? range : undefined,
    },
    policy,
    map,
    affine,
    affineCode,
    told,
  };
}
