import { type Compiled, float32, type HostTensor, type HostTensors, int32, type Loop } from "@slicebook/base";
import {
  type CodeLogits,
  type ContextRows,
  contextSource,
  type GridSpace,
  type LevelSampler,
  type LevelSession,
  preparedTogether,
  rowOf,
} from "@slicebook/core";
import {
  carryAt,
  pixelCarry,
  pixelInputs,
  pixelStep,
  rowCarry,
  rowInputs,
  rowMemory,
  rowStep,
} from "./cached.ts";
import type { LevelConfig } from "./config.ts";

/**
 * Prepares the cached network of a level for lanes of slices.
 *
 * Known codes cost little: what the network remembers of them is computed a row at a time, and rows below the last code
 * to draw are not computed at all.
 */
export function openLevel(
  config: LevelConfig,
  space: GridSpace,
  { engine, parameters, lanes }: LevelSession,
): Promise<LevelSampler> {
  return preparedTogether(async (keep) => {
    const contexts = await contextSource(space, { engine, parameters, lanes });
    if (contexts !== undefined) keep(contexts);
    const rows = keep(
      await engine.loop(
        rowStep(config, space),
        rowCarry(config, space, lanes),
        rowInputs(config, space, lanes),
        { parameters },
      ),
    );
    const pixels = keep(
      await engine.loop(pixelStep(config), pixelCarry(config, lanes), pixelInputs(config, lanes), {
        parameters,
      }),
    );
    let memory: Promise<Compiled<HostTensors>> | undefined;
    const remember = async (codes: HostTensor, fromVertical: HostTensor): Promise<HostTensors> => {
      memory ??= engine
        .compile(
          rowMemory(config),
          [
            { shape: codes.shape, dtype: "int32" },
            { shape: fromVertical.shape, dtype: "float32" },
          ],
          { parameters },
        )
        .then(keep);
      return (await memory).run(codes, fromVertical);
    };
    return {
      start: async ({ conditions, earlier }) =>
        cachedLogits({
          config,
          space,
          lanes,
          rows,
          pixels,
          remember,
          conditions,
          context: await contexts?.of(earlier),
        }),
    };
  });
}

interface CachedNetwork {
  readonly config: LevelConfig;
  readonly space: GridSpace;
  readonly lanes: number;
  readonly rows: Loop;
  readonly pixels: Loop;
  /** Runs {@link rowMemory}. */
  readonly remember: (codes: HostTensor, fromVertical: HostTensor) => Promise<HostTensors>;
  readonly conditions: HostTensors;
  readonly context: ContextRows | undefined;
}

/** Known codes that are stepped through: of more, what the network remembers is computed in one go. */
const FEW_STEPS = 2;

function cachedLogits({
  config,
  space,
  lanes,
  rows,
  pixels,
  remember,
  conditions,
  context,
}: CachedNetwork): CodeLogits {
  const { columns } = space;
  const codesOfRow = (codes: Int32Array, row: number) => rowOf(codes, space, { row, grids: lanes });
  /** The row that the vertical stack has come to, and what it gave for it. */
  let current = -1;
  let fromVertical: HostTensor | undefined;
  /** The column that the horizontal stack comes to next. */
  let next = 0;

  const stepRow = async (codes: Int32Array): Promise<void> => {
    const previous = current < 0 ? new Int32Array(lanes * columns) : codesOfRow(codes, current);
    current += 1;
    const given = await rows.next({
      previous: int32(previous, [lanes, columns]),
      row: int32([current], [1]),
      keep: current === 0 ? ZERO : ONE,
      ...conditions,
      ...(context !== undefined && { context: context(current) }),
    });
    fromVertical = given.fromVertical;
    next = 0;
  };
  const stepColumn = async (codes: Int32Array): Promise<Float32Array> => {
    const left = Int32Array.from({ length: lanes }, (_, lane) =>
      next === 0 ? 0 : codes[(lane * space.rows + current) * columns + next - 1]!,
    );
    const [, , layers, channels] = fromVertical!.shape as [number, number, number, number];
    const stride = lanes * layers * channels;
    const { logits } = await pixels.next({
      previous: int32(left, [lanes]),
      keep: next === 0 ? ZERO : ONE,
      fromVertical: float32(floats(fromVertical).subarray(next * stride, (next + 1) * stride), [
        lanes,
        layers,
        channels,
      ]),
    });
    next += 1;
    return floats(logits);
  };

  return async (row, column, codes) => {
    while (current < row) await stepRow(codes);
    if (column - next > FEW_STEPS) {
      const memory = await remember(int32(codesOfRow(codes, row), [lanes, columns]), fromVertical!);
      await pixels.replace(carryAt(config, memory, { column, lanes }));
      next = column;
    }
    while (next < column) await stepColumn(codes);
    return stepColumn(codes);
  };
}

const ZERO = float32([0], []);
const ONE = float32([1], []);

function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.dtype !== "float32") throw new Error("a sampling step gave no float32 tensor");
  return tensor.data;
}
