import { constants, type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import {
  codeGridsIn,
  headerEnd,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorPlace,
} from "@slicebook/core/host";
import { damaged, type Novelty, type RunInfo } from "@slicebook/runs";
import { z } from "zod";
import type {
  CodebookAnswer,
  CodebookLevel,
  FrequenciesAnswer,
  SampleEntry,
  SamplesAnswer,
} from "../shared/answers.ts";

/** For each code, this many slices where it occurs most are kept. */
const PLACES = 6;
/** About this many bytes of a file are in memory at a time. */
const CHUNK = 2 ** 23;

/** The codes that a run's model has, and their grids. */
type ModelCodes = Pick<RunInfo["model"], "grids" | "codes" | "codebooks">;

interface Grids {
  readonly header: SafetensorsHeader;
  /** [slices, rows, columns] each. */
  readonly levels: readonly TensorPlace[];
  readonly names: readonly string[];
}

/**
 * How often each code occurs in the grids of a file, level by level, and where most; of each level's number of codes.
 *
 * Throws `RUN_DAMAGED` if the file holds other grids than the model's, or codes that it does not have.
 */
export async function codebookAnswer(file: string, path: string, model: ModelCodes): Promise<CodebookAnswer> {
  return withModelGrids(file, model, async (handle, { levels, names }) => {
    const answers: CodebookLevel[] = [];
    const named: Record<number, string> = {};
    for (const { tensor, codes } of levels) {
      const answer = await countLevel(handle, tensor, codes);
      for (const places of answer.places) {
        for (let at = 0; at < places.length; at += 2) named[places[at]!] = names[places[at]!] ?? "";
      }
      answers.push(answer);
    }
    return { path, slices: levels[0]!.tensor.shape[0]!, levels: answers, names: named };
  });
}

/** How often each code occurs in the grids of a file, level by level. Throws as {@link codebookAnswer} does. */
export async function frequenciesAnswer(file: string, model: ModelCodes): Promise<FrequenciesAnswer> {
  return withModelGrids(file, model, async (handle, { levels }) => {
    const counts: number[][] = [];
    for (const { tensor, codes } of levels) {
      const levelCounts = new Float64Array(codes);
      for await (const { index, grid } of eachGrid(handle, tensor)) {
        checkCodes(grid, index, codes);
        for (const code of grid) levelCounts[code]! += 1;
      }
      counts.push(Array.from(levelCounts));
    }
    return { levels: counts };
  });
}

/** Opens a file of grids, each with the number of its model's codes. */
async function withModelGrids<T>(
  file: string,
  model: ModelCodes,
  use: (
    handle: FileHandle,
    grids: {
      readonly levels: readonly { readonly tensor: TensorPlace; readonly codes: number }[];
      readonly names: readonly string[];
    },
  ) => Promise<T>,
): Promise<T> {
  const { grids, codebooks = grids.map(() => model.codes) } = model;
  return withGrids(file, (handle, { levels, names }) => {
    const actual = levels.map(({ shape: [, rows, columns] }) => `${rows}×${columns}`).join(" + ");
    const wanted = grids.map((sides) => sides.join("×")).join(" + ");
    if (actual !== wanted) throw new Error(`its grids are ${actual}, the model's ${wanted}`);
    return use(handle, {
      levels: levels.map((tensor, level) => ({ tensor, codes: codebooks[level]! })),
      names,
    });
  });
}

function checkCodes(grid: Int32Array, index: number, codes: number): void {
  for (const code of grid) {
    if (code < 0 || code >= codes) throw new Error(`slice ${index} has the code ${code} of ${codes}`);
  }
}

async function countLevel(handle: FileHandle, tensor: TensorPlace, codes: number): Promise<CodebookLevel> {
  const [, rows, columns] = tensor.shape as [number, number, number];
  const counts = new Float64Array(codes);
  const places = new Map<number, number[]>();
  const sliceCounts = new Int32Array(codes);
  for await (const { index, grid } of eachGrid(handle, tensor)) {
    checkCodes(grid, index, codes);
    for (const code of grid) sliceCounts[code]! += 1;
    for (const code of grid) {
      if (sliceCounts[code] === 0) continue;
      const kept = places.get(code) ?? [];
      places.set(code, kept);
      counts[code]! += sliceCounts[code]!;
      keepPlace(kept, index, sliceCounts[code]!);
      sliceCounts[code] = 0;
    }
  }
  return {
    codes,
    rows,
    columns,
    counts: Array.from(counts),
    places: Array.from({ length: codes }, (_, code) => places.get(code) ?? []),
  };
}

/** Keeps the slices with most occurrences, in falling order: index, count, index, count, … */
function keepPlace(places: number[], index: number, count: number): void {
  let at = places.length;
  while (at > 0 && places[at - 1]! < count) at -= 2;
  if (at >= 2 * PLACES) return;
  places.splice(at, 0, index, count);
  places.length = Math.min(places.length, 2 * PLACES);
}

/** The samples of a run, each with the training slices that it is nearest to where that was measured. */
export async function samplesAnswer(
  files: { readonly samples: string; readonly train: string },
  paths: Pick<SamplesAnswer, "path" | "trainPath">,
  {
    novelty,
    picture,
  }: {
    readonly novelty: Novelty | undefined;
    /** The picture of a sample by its path in the run's folder. */
    readonly picture: (name: string) => string | null;
  },
): Promise<SamplesAnswer> {
  const drawn = await readNames(files.samples);
  const places = new Map((await readNames(files.train)).names.map((name, index) => [name, index]));
  const measured = new Map(novelty?.samples.map((sample) => [sample.name, sample]));
  return {
    ...paths,
    samples: drawn.names.map((name, index): SampleEntry => {
      const sampleNovelty = measured.get(name);
      const placed = (nearest: { readonly slice: string; readonly distance: number }) => ({
        index: places.get(nearest.slice) ?? null,
        name: nearest.slice,
        distance: nearest.distance,
      });
      return {
        name,
        picture: picture(name),
        label: drawn.labels[index] ?? null,
        nearest:
          sampleNovelty === undefined
            ? null
            : {
                byCodes: placed(sampleNovelty.byCodes),
                bySsim: placed(sampleNovelty.bySsim),
                memorised: sampleNovelty.memorised,
              },
      };
    }),
    novelty:
      novelty === undefined
        ? null
        : {
            byCodes: novelty.nearest.byCodes.heldOut.median,
            bySsim: novelty.nearest.bySsim.heldOut.median,
            flagged: novelty.memorisation.flagged,
            rule: novelty.memorisation.rule,
            diversity: {
              samples: novelty.diversity.samples.mean,
              heldOut: novelty.diversity.heldOut.mean,
            },
            pixels: novelty.pixels ? pixelsAnswer(novelty.pixels) : null,
          },
  };
}

function pixelsAnswer({ distances, limit }: NonNullable<Novelty["pixels"]>) {
  const { auc, aucAgainstReconstructions, neighbours, slicedWasserstein } = distances;
  return {
    auc,
    aucAgainstReconstructions,
    coverage: neighbours?.coverage ?? null,
    density: neighbours?.density ?? null,
    patchDistance: slicedWasserstein?.mean ?? null,
    limit: limit.sentence,
  };
}

/** The names of a file's slices, and the names of their classes. */
async function readNames(
  file: string,
): Promise<{ readonly names: readonly string[]; readonly labels: readonly (string | undefined)[] }> {
  return withGrids(file, async (handle, { header, names }) => {
    const classes = textsOf(header.metadata.classes);
    const { labels } = header.tensors;
    const numbers = labels === undefined ? [] : await readIntegers(handle, labels.start, labels.end);
    return { names, labels: names.map((_, index) => classes[numbers[index] ?? -1]) };
  });
}

async function withGrids<T>(file: string, use: (handle: FileHandle, grids: Grids) => Promise<T>): Promise<T> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new Error("it is not a file");
    const end = headerEnd(await readBytes(handle, 0, 8), info.size);
    const header = readSafetensorsHeader(await readBytes(handle, 0, end), info.size);
    const levels = codeGridsIn(header.tensors);
    const [first] = levels;
    if (first === undefined) throw new Error("it holds no code grids");
    for (const { shape, dtype } of levels) {
      if (
        dtype !== "int32" ||
        shape.length !== 3 ||
        shape[0] !== first.shape[0] ||
        shape[1] === 0 ||
        shape[2] === 0
      )
        throw new Error(`it holds codes of ${dtype} [${shape.join(", ")}]`);
    }
    return await use(handle, { header, levels, names: textsOf(header.metadata.names) });
  } catch (error) {
    throw damaged(file, error, "Delete it and run `slicebook encode`, or `sample`, again.");
  } finally {
    await handle.close();
  }
}

/** The grids of a level one by one, few of which are in memory at a time; each is good until the next. */
async function* eachGrid(
  handle: FileHandle,
  { shape, start }: TensorPlace,
): AsyncGenerator<{ readonly index: number; readonly grid: Int32Array }> {
  const [count, rows, columns] = shape as [number, number, number];
  const cells = rows * columns;
  const each = Math.max(1, Math.floor(CHUNK / (4 * cells)));
  for (let first = 0; first < count; first += each) {
    const last = Math.min(count, first + each);
    const part = await readIntegers(handle, start + 4 * cells * first, start + 4 * cells * last);
    for (let index = first; index < last; index++) {
      yield { index, grid: part.subarray((index - first) * cells, (index - first + 1) * cells) };
    }
    // The server has others to answer meanwhile.
    await setImmediate();
  }
}

async function readIntegers(handle: FileHandle, start: number, end: number): Promise<Int32Array> {
  const bytes = await readBytes(handle, start, end - start);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

async function readBytes(handle: FileHandle, start: number, length: number): Promise<Uint8Array> {
  // Of its own memory, which starts where integers may.
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, start);
  if (bytesRead < length) throw new Error("the file is cut off");
  return bytes;
}

function textsOf(json: string | undefined): string[] {
  return z.array(z.string()).parse(JSON.parse(json ?? "[]"));
}
