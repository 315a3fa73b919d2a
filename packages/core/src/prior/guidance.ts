import { float32, type HostTensor, type HostTensors, int32 } from "@slicebook/base";
import { mapRecord } from "../params.ts";
import { UNKNOWN } from "./conditions.ts";
import type { LevelSampler, OpenLevel } from "./level-sampler.ts";

/**
 * Prepares levels so that slices are drawn by the logits without conditions and `guidance` times what these change (Ho and
 * Salimans, "Classifier-free diffusion guidance", 2022): each slice takes two lanes, of which one is told nothing.
 */
export function guidedLevels(open: OpenLevel, guidance: number): OpenLevel {
  return async (level, lanes, known): Promise<LevelSampler> => {
    const sampler = await open(level, 2 * lanes, known);
    return {
      async start({ conditions, earlier }) {
        const logits = await sampler.start({
          conditions: withAndWithout(conditions),
          earlier: earlier.map((grid) => joined(grid, grid)),
        });
        return async (row, column, codes) => {
          const twice = new Int32Array(2 * codes.length);
          twice.set(codes);
          twice.set(codes, codes.length);
          const values = await logits(row, column, twice);
          const half = values.length / 2;
          return values.subarray(0, half).map((told, at) => {
            const untold = values[half + at]!;
            return untold + guidance * (told - untold);
          });
        };
      },
      dispose: () => sampler.dispose(),
    };
  };
}

/** The conditions of slices, then of as many of which nothing is known. */
function withAndWithout(conditions: HostTensors): HostTensors {
  return mapRecord(conditions, (known) => joined(known, filledLike(known, UNKNOWN)));
}

function filledLike({ dtype, data, shape }: HostTensor, value: number): HostTensor {
  const values = new Array<number>(data.length).fill(value);
  return dtype === "int32" ? int32(values, shape) : float32(values, shape);
}

/** The rows of one tensor, then those of another. */
function joined(first: HostTensor, second: HostTensor): HostTensor {
  const shape = [first.shape[0]! + second.shape[0]!, ...first.shape.slice(1)];
  const values = [...first.data, ...second.data];
  return first.dtype === "int32" ? int32(values, shape) : float32(values, shape);
}
