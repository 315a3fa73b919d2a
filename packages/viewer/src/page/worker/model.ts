import {
  type HostTensor,
  type HostTensors,
  int32,
  isSlicebookError,
  type Signature,
  SlicebookError,
} from "@slicebook/base";
import { builtInPriors } from "@slicebook/config/built-in-priors";
import {
  areaMeans,
  type BoundPrior,
  type BoundVqvae,
  type CodeLevel,
  type CodeSpace,
  type CompressedFile,
  type Condition,
  type ConditionValues,
  clippedToUnit,
  conditionSpecs,
  decodeSafetensors,
  type Grain,
  grainSchema,
  gridSpecs,
  mapRecord,
  ofLevel,
  ownUnitRange,
  perLevel,
  rangeOf,
  scoreOf,
  toUnitRange,
  UNKNOWN,
  vqvae,
  vqvaeSchema,
} from "@slicebook/core";
import { isUsed } from "@slicebook/core/host";
import {
  browserEndings,
  type CovariateTable,
  covariateSpaces,
  covariateTableSchema,
  datasetSchema,
  drawCovariates,
  encodeCovariates,
  greysOf,
  type Orientation,
  orientationIn,
  type PreparedSlice,
  type Preprocessing,
  prepareSlice,
  preprocessingOf,
  restoreSlice,
  type SliceImage,
} from "@slicebook/datasets";
import { createEngine, type Engine, gpuInfo, isSoftwareGpu } from "@slicebook/engine/browser";
import { type CodecOptions, createCodec, createDecoder, type Decoder, withGrain } from "@slicebook/model";
import { codebookColours } from "@slicebook/report/colour";
import { SLICE_FIGURES } from "@slicebook/runs/figures";
import { z } from "zod";
import { damaged, loadHeader, loadTensors } from "./load-tensors.ts";
import type {
  Calls,
  Decoded,
  Encoded,
  EngineChoice,
  Fit,
  Grids,
  OpenedModel,
  OpenOptions,
  RestoreEvent,
  Sampled,
  SampleEvent,
  SampleRequest,
} from "./protocol.ts";
import { restoreFile } from "./restore.ts";

const runSchema = z.object({
  dataset: datasetSchema,
  model: vqvaeSchema,
  prior: z.object({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
  sample: z
    .object({
      temperature: perLevel(z.number()).default(1),
      firstRowTemperature: z.number().nullable().default(null),
      topP: perLevel(z.number()).nullable().default(null),
      grain: z.boolean().default(true),
      guidance: z.number().default(1),
    })
    .prefault({}),
});

/** A run's model in the page: it encodes, decodes, measures and draws. */
export interface Model {
  readonly opened: OpenedModel;
  /** How the run's data set has NIfTI images lie. */
  readonly orientation: Orientation;
  encode(image: SliceImage, name: string, fit: Fit): Promise<Encoded>;
  decode(codes: Grids): Promise<Decoded>;
  images(grids: readonly Grids[]): Promise<Float32Array[]>;
  likelihood(codes: Grids, label: number): Promise<Float32Array[]>;
  patches(level: number): Promise<{ readonly side: number; readonly patches: readonly Float32Array[] }>;
  sample(
    request: SampleRequest,
    onEvent: (event: SampleEvent) => void,
    signal: AbortSignal,
  ): Promise<Sampled>;
  restore(
    file: CompressedFile,
    onEvent: (event: RestoreEvent) => void,
    signal: AbortSignal,
  ): Promise<Calls["restore"]["answer"]>;
  dispose(): Promise<void>;
}

/**
 * Starts an engine and loads the weights that a model needs, and no more, by ranges; those of the prior are loaded once
 * something is asked of it.
 */
export async function openModel({ engine: choice, wasmPath, config, urls }: OpenOptions): Promise<Model> {
  const run = runSchema.parse(withoutUnknown(config));
  const { dataset, sample } = run;
  const model = vqvae.bind(run.model, dataset.size ?? fail("the run's configuration names no size"));
  const { size, levels } = model;
  const [height, width] = size;
  const [{ engine, passedOver }, weights, preprocessing, classes, grain, table] = await Promise.all([
    startEngine(choice, wasmPath),
    loadTensors(urls.model, isUsed),
    loadPreprocessing(urls.preprocessing, { preprocessing: dataset.preprocessing, size: [...size] }),
    urls.codes === null ? [] : loadClasses(urls.codes),
    urls.grain === null || !sample.grain ? undefined : loadGrain(urls.grain),
    urls.covariates === null ? NO_COVARIATES : loadCovariates(urls.covariates),
  ]);
  const parameters = model.parameters(weights.tensors, { average: true });
  const codebooks = model.codebooks(parameters);
  const stages = stagesOf(model, preprocessing);
  const prior = await openPrior(run.prior, urls.prior, {
    levels,
    classes: classes.length,
    covariates: covariateSpaces(table.covariates),
  });
  const takes = (condition: Condition) =>
    prior.why === undefined && prior.bound.conditions.includes(condition);

  const codec = await openCodec(engine, parameters, { model, preprocessing, batch: 1 });
  const likelihood = lazily(async () =>
    engine.compile(scoreOf(prior.bound), [gridSpecs(levels, 1), labelSpecs(prior.bound)], {
      name: "score",
      parameters: await prior.parameters(),
    }),
  );
  let current: PreparedSlice | undefined;

  const decodedAs = (values: Float32Array, started: number): Decoded => {
    if (current === undefined) {
      return {
        image: greysOf(preprocessing, values),
        ssim: null,
        psnr: null,
        milliseconds: performance.now() - started,
      };
    }
    const restored = restoreSlice(preprocessing, current.map, values);
    const unit = toUnitRange(current.original, restored);
    const slice = { original: current.original, reconstruction: restored, unit, size: { height, width } };
    return {
      image: Float32Array.from(unit.reconstruction),
      ssim: SLICE_FIGURES.ssim.measure(slice),
      psnr: SLICE_FIGURES.psnr.measure(slice),
      milliseconds: performance.now() - started,
    };
  };

  /** What levels of a slice that is filled in hold, in the greys of that slice. */
  const filledPicture = (values: Float32Array, stage: Stage): Float32Array => {
    if (current === undefined) return greysOf(stage.preprocessing, values);
    const restored = restoreSlice(stage.preprocessing, current.map, values);
    return Float32Array.from(clippedToUnit(restored, rangeOf(current.original)));
  };

  /** What levels of a sample hold, with grain once they are all there. */
  const samplePicture = (
    values: Float32Array,
    stage: Stage,
    options: { readonly seed: number; readonly numbers: readonly number[] },
  ): Float32Array => {
    const whole = stage.levels === levels.length;
    const shown = whole ? withGrain(values, grain, { model, preprocessing }, options) : values;
    return greysOf(stage.preprocessing, shown);
  };

  return {
    orientation: orientationIn(dataset.options),
    opened: {
      engine: { kind: engine.kind as "webgpu" | "wasm" | "cpu", description: engine.description },
      passedOver,
      size,
      sizePolicy: dataset.sizePolicy ?? null,
      levels,
      colours: codebooks.map(({ data, shape }) => codebookColours(Float32Array.from(data), shape[0]!)),
      classes,
      fileEndings: browserEndings(),
      prior: prior.why ?? true,
      slicePosition: takes("slicePositions"),
      covariates: takes("covariates") ? table.covariates : [],
      guidable: prior.why === undefined && prior.bound.guidable === true,
      sampling: {
        temperature: levels.map((_, level) => ofLevel(sample.temperature, level)),
        topP: levels.map((_, level) => ofLevel(sample.topP ?? 1, level)),
        guidance: sample.guidance,
      },
    },

    async encode(image, name, fit) {
      const policy = fit === "training" ? dataset.sizePolicy : fit;
      const slice = prepared(image, preprocessing, { size, policy, path: name });
      const started = performance.now();
      const { images, codes } = await codec.reconstruct(slice.prepared);
      current = slice;
      return {
        original: Float32Array.from(ownUnitRange(slice.original)),
        decoded: decodedAs(images, started),
        codes,
        fitted:
          image.height === height && image.width === width
            ? null
            : { height: image.height, width: image.width, policy: policy! },
      };
    },

    async decode(codes) {
      const started = performance.now();
      return decodedAs(await codec.decode(codes), started);
    },

    async images(grids) {
      const images: Float32Array[] = [];
      for (const codes of grids) images.push(greysOf(preprocessing, await codec.decode(codes)));
      return images;
    },

    async likelihood(codes, label) {
      if (prior.why !== undefined) fail(prior.why);
      const compiled = await likelihood();
      const scores = await compiled.run(
        codes.map((grid, level) => gridTensor(grid, levels[level]!)),
        mapRecord(labelSpecs(prior.bound), ({ shape }) => int32([label], shape)),
      );
      return scores.logLikelihood.map(({ data }) => Float32Array.from(data, (log) => -log / Math.LN2));
    },

    patches: (level) => {
      const stage = stages.find((one) => one.levels > level)!;
      return drawPatches(codec, levels.slice(0, stage.levels), {
        stage,
        level,
        others: codebooks.map(middleCode),
      });
    },

    async sample(request, onEvent, signal) {
      if (prior.why !== undefined) fail(prior.why);
      const started = performance.now();
      const parameters = await prior.parameters();
      const labels = Array.from({ length: request.count }, (_, index) =>
        classes.length === 0 ? 0 : (request.label ?? index % classes.length),
      );
      const covariates = labels.map((label, sampleNumber) => {
        if (!takes("covariates") || request.given !== null) return request.covariates;
        const { seed, covariates: wanted } = request;
        return drawCovariates(table, { seed, sampleNumber, label: classes[label], wanted });
      });
      const told = covariates.flatMap((values) => encodeCovariates(table.covariates, values));
      let drawn: readonly Int32Array[] = [];
      let grids: Grids[] = [];
      let images: Float32Array[] = [];
      for (const stage of stages) {
        drawn = await prior.bound.sample(engine, parameters, {
          ...samplingOptions(request, {
            labels,
            ...(takes("covariates") && { covariates: told.map((value) => value ?? UNKNOWN) }),
          }),
          ...(sample.firstRowTemperature !== null && { firstRowTemperature: sample.firstRowTemperature }),
          drawn,
          levels: stage.levels,
          onRow: (row) => onEvent({ row: { ...row, codes: row.codes.slice() } }),
          signal,
        });
        grids = labels.map((_, index) => gridsOf(drawn, levels.slice(0, stage.levels), index));
        images = [];
        for (const [number, codes] of grids.entries()) {
          const values = await codec.decode(codes);
          images.push(
            request.given === null
              ? samplePicture(values, stage, { seed: request.seed, numbers: [number] })
              : filledPicture(values, stage),
          );
        }
        if (stage !== stages.at(-1)) onEvent({ pictures: { size: stage.size, images } });
      }
      return { grids, images, labels, covariates, seconds: (performance.now() - started) / 1000 };
    },

    async restore(file, onEvent, signal) {
      const started = performance.now();
      const { bound, parameters: weights } = prior;
      await restoreFile(
        file,
        {
          model,
          parameters,
          preprocessing,
          decode: codec.decode,
          prior: urls.prior === null ? undefined : { bound, parameters: weights, classes },
          urls,
        },
        { onEvent, signal },
      );
      return { seconds: (performance.now() - started) / 1000 };
    },

    async dispose() {
      await codec.dispose();
      await (await likelihood.promise)?.dispose();
      await engine.dispose();
    },
  };
}

/** The picture that the levels of the coarsest grids hold; the last stage is that of all levels. */
interface Stage {
  /** How many levels these are. */
  readonly levels: number;
  readonly size: readonly [height: number, width: number];
  /** As for slices of that size. */
  readonly preprocessing: Preprocessing;
}

function stagesOf({ levels, size, pictureSize }: BoundVqvae, preprocessing: Preprocessing): Stage[] {
  return levels.flatMap(({ rows }, level): Stage[] => {
    // The levels of one grid give a picture together.
    if (levels[level + 1]?.rows === rows) return [];
    const stageSize = pictureSize(level + 1);
    return [
      { levels: level + 1, size: stageSize, preprocessing: preprocessingAt(preprocessing, size, stageSize) },
    ];
  });
}

/** What a preprocessing learned, for slices that are reduced to another size. */
function preprocessingAt(
  preprocessing: Preprocessing,
  [height, width]: readonly [number, number],
  [high, wide]: readonly [number, number],
): Preprocessing {
  if (preprocessing.name !== "residual" || (high === height && wide === width)) return preprocessing;
  const means = areaMeans(preprocessing.mean, { height, width }, { height: high, width: wide });
  return { ...preprocessing, mean: Float32Array.from(means) };
}

/** As on the command line; what to do about a slice of another size is said in the page's words. */
function prepared(...slice: Parameters<typeof prepareSlice>): PreparedSlice {
  try {
    return prepareSlice(...slice);
  } catch (error) {
    if (!isSlicebookError(error) || error.code !== "SLICE_SIZE") throw error;
    throw new SlicebookError(error.code, error.message, {
      remedy: "Choose another way to bring it to size.",
    });
  }
}

function withoutUnknown(config: unknown): unknown {
  const { dataset, model, prior, sample } = config as Record<string, unknown>;
  return { dataset, model, prior, sample };
}

async function loadPreprocessing(
  url: string,
  dataset: Parameters<typeof preprocessingOf>[1],
): Promise<Preprocessing> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) fail("what the preprocessing learned is not in the run's folder");
  try {
    return preprocessingOf(decodeSafetensors(new Uint8Array(await response.arrayBuffer())), dataset);
  } catch (error) {
    throw damaged(url, error);
  }
}

async function loadGrain(url: string): Promise<Grain> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) fail("the grain of the training slices is not in the run's folder");
  return grainSchema.parse(await response.json());
}

const NO_COVARIATES: CovariateTable = { covariates: [], combinations: [] };

async function loadCovariates(url: string): Promise<CovariateTable> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) fail("what is known of the training slices is not in the run's folder");
  return covariateTableSchema.parse(await response.json());
}

async function loadClasses(url: string): Promise<string[]> {
  const { metadata } = await loadHeader(url);
  return z.array(z.string()).parse(JSON.parse(metadata.classes ?? "[]"));
}

interface OpenedPrior {
  readonly bound: BoundPrior;
  readonly parameters: () => Promise<HostTensors>;
  /** Why there is none. */
  readonly why?: string;
}

/** What a score takes besides the codes: a label, if the prior is conditioned on it. */
function labelSpecs({ conditions, space }: BoundPrior): Signature {
  return conditionSpecs(
    conditions.filter((name) => name === "labels"),
    space,
    1,
  );
}

async function openPrior(
  { name, options }: { readonly name: string; readonly options: Record<string, unknown> },
  url: string | null,
  space: CodeSpace,
): Promise<OpenedPrior> {
  const none = (why: string): OpenedPrior => ({
    bound: undefined as never,
    parameters: async () => fail(why),
    why,
  });
  if (url === null) return none("the run has no trained prior yet");
  const load = builtInPriors.get(name);
  if (load === undefined)
    return none(`the prior "${name}" is a package of its own, which a page cannot load`);
  let bound: BoundPrior;
  try {
    const prior = await load();
    bound = prior.bind(prior.schema.parse(options), space);
  } catch (error) {
    // It models grids of one level.
    return none(error instanceof Error ? error.message : String(error));
  }
  const parameters = lazily(async () => {
    const { tensors } = await loadTensors(url, isUsed);
    return bound.parameters(tensors, { average: true });
  });
  return { bound, parameters };
}

async function startEngine(
  choice: EngineChoice,
  wasmPath: string,
): Promise<{ readonly engine: Engine; readonly passedOver: string | null }> {
  if (choice === "webgpu") return { engine: await createEngine({ kind: "webgpu" }), passedOver: null };
  if (choice === "wasm") return { engine: await createEngine({ kind: "wasm", wasmPath }), passedOver: null };
  const gpu = await gpuInfo().catch(() => undefined);
  let why: string;
  if (gpu === undefined) why = "this browser offers no WebGPU";
  else if (isSoftwareGpu(gpu)) why = "WebGPU runs in software here, which is slower";
  else {
    try {
      return { engine: await createEngine({ kind: "webgpu" }), passedOver: null };
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
  }
  return { engine: await createEngine({ kind: "wasm", wasmPath }), passedOver: why };
}

interface Codec {
  /** A prepared slice through encoder and decoder. */
  reconstruct(prepared: Float32Array): Promise<{ readonly images: Float32Array; readonly codes: Grids }>;
  /** The picture of those levels, all or the coarsest, at the size of their {@link Stage}. */
  decode(codes: Grids): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** The command line's codec, one slice at a time, with a decoder for each number of levels that is shown. */
async function openCodec(engine: Engine, parameters: HostTensors, options: CodecOptions): Promise<Codec> {
  const { levels } = options.model;
  const whole = await createCodec(engine, parameters, options);
  const decoders = new Map<number, Promise<Decoder>>();
  const decoderOf = (count: number): Promise<Decoder> => {
    const known = decoders.get(count) ?? createDecoder(engine, parameters, count, options);
    decoders.set(count, known);
    return known;
  };
  await decoderOf(levels.length);
  return {
    async reconstruct(prepared) {
      const { images, levels } = await whole.reconstruct(prepared);
      return { images, codes: levels.map(({ data }) => data) };
    },
    async decode(codes) {
      const decoder = await decoderOf(codes.length);
      return decoder.decode(codes.map((grid, level) => gridTensor(grid, levels[level]!)));
    },
    async dispose() {
      await whole.dispose();
      for (const decoder of decoders.values()) await (await decoder).dispose();
    },
  };
}

/** Cells on each side of a patch that hold the same code, so that it is seen among its own. */
const AROUND = 1;

/** The number of the code that is nearest the mean of a codebook [K, D]: neither bright nor dark, or of least detail. */
function middleCode({ data, shape }: HostTensor): number {
  const [codes, dimension] = shape as [number, number];
  const mean = new Float64Array(dimension);
  for (const [at, value] of data.entries()) mean[at % dimension]! += value / codes;
  const distances = new Float64Array(codes);
  for (const [at, value] of data.entries()) {
    distances[Math.floor(at / dimension)]! += (value - mean[at % dimension]!) ** 2;
  }
  return distances.indexOf(Math.min(...distances));
}

/** Decodes each code of a level within a few of its own kind: many at a time, in grids of such groups. */
async function drawPatches(
  codec: Codec,
  levels: readonly CodeLevel[],
  {
    stage: {
      size: [height],
    },
    level,
    others,
  }: { readonly stage: Stage; readonly level: number; readonly others: readonly number[] },
): Promise<{ readonly side: number; readonly patches: readonly Float32Array[] }> {
  const { codes, rows, columns } = levels[level]!;
  const block = 2 * AROUND + 1;
  const [down, across] = [Math.max(1, Math.floor(rows / block)), Math.max(1, Math.floor(columns / block))];
  const scale = height / rows;
  const width = columns * scale;
  const side = scale;
  const patches: Float32Array[] = [];
  for (let first = 0; first < codes; first += down * across) {
    const grids = levels.map(({ rows: gridRows, columns: gridColumns }, other) => {
      const grid = new Int32Array(gridRows * gridColumns);
      if (other !== level) return grid.fill(others[other]!);
      for (let cell = 0; cell < grid.length; cell++) {
        const [row, column] = [Math.floor(cell / gridColumns), cell % gridColumns];
        const group =
          Math.min(down - 1, Math.floor(row / block)) * across +
          Math.min(across - 1, Math.floor(column / block));
        grid[cell] = Math.min(codes - 1, first + group);
      }
      return grid;
    });
    const image = await codec.decode(grids);
    for (let group = 0; group < down * across && first + group < codes; group++) {
      const top = (Math.floor(group / across) * block + Math.min(AROUND, rows - 1)) * scale;
      const left = ((group % across) * block + Math.min(AROUND, columns - 1)) * scale;
      const patch = new Float32Array(side * side);
      for (let row = 0; row < side; row++) {
        for (let column = 0; column < side; column++) {
          patch[row * side + column] = image[(top + row) * width + left + column]!;
        }
      }
      patches.push(patch);
    }
  }
  // One scale for all, so that bright codes are brighter than dark ones.
  const all = Float32Array.from(ownUnitRange(Float32Array.from(patches.flatMap((patch) => [...patch]))));
  return {
    side,
    patches: patches.map((_, index) => all.slice(index * side * side, (index + 1) * side * side)),
  };
}

function samplingOptions(
  { seed, count, temperature, topP, position, guidance, given }: SampleRequest,
  known: Pick<ConditionValues, "labels" | "covariates">,
) {
  return {
    seed,
    count,
    temperature,
    topP,
    guidance,
    conditions: {
      ...known,
      ...(position === null ? {} : { slicePositions: new Array<number>(count).fill(position) }),
    },
    ...(given === null
      ? {}
      : { given: given.codes.map((codes, level) => ({ codes, known: given.known[level]! })) }),
  };
}

function gridsOf(drawn: readonly Int32Array[], levels: readonly CodeLevel[], index: number): Grids {
  return levels.map(({ rows, columns }, level) => {
    const size = rows * columns;
    return drawn[level]!.slice(index * size, (index + 1) * size);
  });
}

function gridTensor(grid: Int32Array, { rows, columns }: CodeLevel) {
  return int32(grid, [1, rows, columns]);
}

/** Makes something when it is first asked for, and again after a failure. */
function lazily<T>(make: () => Promise<T>): (() => Promise<T>) & { promise: Promise<T> | undefined } {
  const get = Object.assign(
    () => {
      get.promise ??= make().catch((error: unknown) => {
        get.promise = undefined;
        throw error;
      });
      return get.promise;
    },
    { promise: undefined as Promise<T> | undefined },
  );
  return get;
}

function fail(what: string): never {
  throw new SlicebookError("MODEL_UNAVAILABLE", what, {});
}
