import { float32, type HostTensor } from "@slicebook/base";
import {
  add,
  cast,
  div,
  mul,
  oneHot,
  round,
  scalar,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tanh,
  tensor1d,
  tensor2d,
} from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "../config.ts";
import { withoutGradient } from "../gradients.ts";
import { lookUp, squaredDistances, straightThrough } from "./codebook.ts";
import type { Quantizer } from "./quantizer.ts";

/**
 * Finite scalar quantization (Mentzer et al., "Finite scalar quantization: VQ-VAE made simple", 2023): each number of an
 * encoding is bounded by tanh and rounded to one of a few levels, and a code is one of all their combinations. Nothing
 * is learned, so nothing can collapse.
 */
export function scalarQuantizer(
  { quantizer: { levels } }: Pick<VqvaeConfig, "quantizer">,
  level: number,
): Quantizer {
  const codes = levels.reduce((product, count) => product * count, 1);
  const dimension = levels.length;
  const halves = levels.map((count) => Math.floor(count / 2));
  /** What each number's level counts in an index; the first number's counts least. */
  const places = levels.map((_, axis) =>
    levels.slice(0, axis).reduce((product, count) => product * count, 1),
  );
  const values = Float32Array.from({ length: codes * dimension }, (_, at) => {
    const [code, axis] = [Math.floor(at / dimension), at % dimension];
    return ((Math.floor(code / places[axis]!) % levels[axis]!) - halves[axis]!) / halves[axis]!;
  });

  /** Encodings [n, D] bounded so that rounding gives as many levels as there are to be. */
  function bounded(encodings: Tensor2D): Tensor2D {
    const reach = levels.map((count) => ((count - 1) * 1.001) / 2);
    const offsets = levels.map((count) => (count % 2 === 0 ? 0.5 : 0));
    const shifts = offsets.map((offset, axis) => Math.atanh(offset / reach[axis]!));
    return sub(mul(tanh(add(encodings, tensor1d(shifts))), tensor1d(reach)), tensor1d(offsets));
  }

  return {
    levels: [level],
    restarting: [],
    fromData: false,
    weights: {},
    state: {},

    quantize(_, encodings, share) {
      const inside = bounded(encodings);
      const whole = withoutGradient(() => round(inside)) as Tensor2D;
      const digits = add(whole, tensor1d(halves));
      const indices = cast(sum(mul(digits, tensor1d(places)), 1), "int32") as Tensor1D;
      const membership = oneHot(indices, codes, 1, 0, "float32");
      return {
        quantized: div(straightThrough(inside, whole, share), tensor1d(halves)),
        indices: [indices],
        loss: scalar(0),
        commitment: scalar(0),
        statistics: [{ shares: div(sum(membership, 0), encodings.shape[0]) as Tensor1D }],
      };
    },

    distances: (_, encodings) =>
      squaredDistances(div(bounded(encodings), tensor1d(halves)), tensor2d(values, [codes, dimension])),
    lookUp: (_, [indices]) => lookUp(tensor2d(values, [codes, dimension]), indices!) as Tensor2D,
    update: () => ({}),
    fromEncodings: () => ({}),
    codebooks: (): HostTensor[] => [float32(values, [codes, dimension])],
  };
}
