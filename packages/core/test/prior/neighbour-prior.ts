import { float32, type HostTensors, random } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import {
  type BoundPrior,
  type CodeSpace,
  codesName,
  drawLevels,
  type Params,
  type Prior,
  param,
  type SampleOptions,
  withoutPrefix,
} from "../../src/index.ts";

/** What a prior of the tests does wrong. */
export type Fault =
  | "leaves probability over"
  | "sees the code itself"
  | "sees the next row"
  | "calls every code the likeliest"
  | "heeds no label"
  | "has a cache that lags behind"
  | "draws by the batch"
  | "draws by no seed"
  | "draws over what is given"
  | "does not have known codes first"
  | "draws every level anew"
  | "hands over no row"
  | "takes any option"
  | "never stops"
  | "counts by the clock"
  | "keeps weights by other names";

/** A prior that counts which code follows which in a row, by class; with a fault, a test of the contract's tests. */
export function neighbourPrior(fault?: Fault): Prior {
  return { name: "neighbours", schema: z.strictObject({}), bind: (_, space) => bound(space, fault) };
}

function bound(space: CodeSpace, fault: Fault | undefined): BoundPrior {
  const { levels, classes } = space;
  const conditions = classes > 0 ? (["labels"] as const) : [];
  const perClass = Math.max(1, classes);
  const prefix = fault === "keeps weights by other names" ? "mean." : "average.";
  const left = fault === "has a cache that lags behind" ? 2 : 1;
  const named = (level: number) => `counts${level}`;
  const average = (level: number) => `${prefix}${named(level)}`;
  const initialCarry = (): HostTensors =>
    Object.fromEntries(
      levels.map(({ codes }, level) => {
        const shape = [perClass, codes + 1, codes];
        const start = fault === "counts by the clock" ? 1 + Math.random() : 1;
        return [average(level), float32(new Float32Array(perClass * (codes + 1) * codes).fill(start), shape)];
      }),
    );

  /** ln p of every code at every position, [b, rows, columns, K]: of the first column what begins rows. */
  const logs = (counts: tf.Tensor, level: number, grids: tf.Tensor, labels: tf.Tensor | undefined) => {
    const { codes, rows, columns } = levels[level]!;
    const batch = grids.shape[0]!;
    const moved =
      fault === "sees the code itself"
        ? tf.add(grids, 1)
        : tf.concat(
            [
              tf.zeros([batch, rows, 1], "int32"),
              tf.slice(tf.add(grids, 1), [0, 0, 0], [-1, -1, columns - 1]),
            ],
            2,
          );
    const seenCodes =
      fault === "sees the next row" && rows > 1
        ? tf.concat([tf.slice(moved, [0, 1, 0]), tf.slice(moved, [0, 0, 0], [-1, 1, -1])], 1)
        : moved;
    const ofClass = fault === "heeds no label" || labels === undefined ? tf.zeros([batch], "int32") : labels;
    const index = tf.add(tf.mul(tf.reshape(ofClass, [batch, 1, 1]), codes + 1), seenCodes);
    const flat = tf.reshape(tf.cast(index, "int32"), [batch * rows * columns]);
    const seen = tf.gather(tf.reshape(counts, [perClass * (codes + 1), codes]), flat as tf.Tensor1D);
    const total = tf.sum(seen, -1, true);
    const kept = fault === "leaves probability over" ? tf.add(total, 1) : total;
    return { logs: tf.log(tf.div(seen, kept)), rows: flat };
  };
  const score: BoundPrior["parts"][number]["score"] = (params, grids, { labels }) => {
    const scored = grids.map((grid, level) => {
      const every = logs(param(params, named(level)), level, grid, labels).logs;
      const { codes } = levels[level]!;
      const target = tf.oneHot(tf.reshape(grid, [grid.size]) as tf.Tensor1D, codes, 1, 0, "float32");
      const likeliest = tf.cast(
        tf.equal(tf.cast(tf.argMax(every, -1), "int32"), tf.reshape(grid, [grid.size])),
        "int32",
      );
      return {
        logLikelihood: tf.reshape(tf.sum(tf.mul(every, target), -1), grid.shape),
        correct:
          fault === "calls every code the likeliest" ? tf.onesLike(grid) : tf.reshape(likeliest, grid.shape),
      };
    });
    return {
      logLikelihood: scored.map(({ logLikelihood }) => logLikelihood),
      correct: scored.map(({ correct }) => correct),
    };
  };
  const trainStep = (
    carry: Params,
    inputs: Params,
  ): [Record<string, tf.Tensor>, Record<string, tf.Tensor>] => {
    const losses: tf.Tensor[] = [];
    const after = levels.map(({ codes }, level) => {
      const [counts, grid] = [param(carry, average(level)), param(inputs, codesName(level))];
      const { logs: every, rows } = logs(counts, level, grid, inputs.labels);
      const target = tf.oneHot(tf.reshape(grid, [grid.size]) as tf.Tensor1D, codes, 1, 0, "float32");
      losses.push(tf.neg(tf.div(tf.sum(tf.mul(every, target)), grid.size)));
      const where = tf.oneHot(rows as tf.Tensor1D, perClass * (codes + 1), 1, 0, "float32");
      const seen = tf.matMul(where as tf.Tensor2D, target as tf.Tensor2D, true);
      return [average(level), tf.add(counts, tf.reshape(seen, counts.shape))] as const;
    });
    return [Object.fromEntries(after), { loss: tf.div(tf.addN(losses), losses.length) }];
  };
  const draw = (params: HostTensors, options: SampleOptions) =>
    drawLevels({ space, conditions }, options, (level, lanes) => ({
      start({ conditions: { labels } }) {
        const { codes, rows, columns } = levels[level]!;
        const { data } = params[named(level)]!;
        return (row, column, grids) => {
          const logits = new Float32Array(lanes * codes);
          for (let lane = 0; lane < lanes; lane++) {
            const before = column < left ? 0 : grids[(lane * rows + row) * columns + column - left]! + 1;
            const start = ((labels?.data[lane] ?? 0) * (codes + 1) + before) * codes;
            logits.set(Array.from(data.subarray(start, start + codes), Math.log), lane * codes);
          }
          return logits;
        };
      },
      dispose: async () => {},
    }));
  return {
    space,
    conditions,
    knownFirst: fault === "does not have known codes first",
    parts: [{ levels: [...levels.keys()], initialCarry, trainStep, stepNoise: () => ({}), score }],
    parameters: (carry) => withoutPrefix(prefix, carry),
    sample: (_, params, options) => wronglyDrawn(fault, space, options, (changed) => draw(params, changed)),
  };
}

async function wronglyDrawn(
  fault: Fault | undefined,
  { levels }: CodeSpace,
  options: SampleOptions,
  draw: (options: SampleOptions) => Promise<Int32Array[]>,
): Promise<Int32Array[]> {
  const { onRow: _, signal: __, ...others } = options;
  switch (fault) {
    case "draws by the batch":
      return draw({ ...options, seed: random(options.seed, options.count).integer(1000) });
    case "draws by no seed":
      return draw({ ...options, seed: 1 });
    case "draws over what is given":
      return draw({ ...options, given: [] });
    case "draws every level anew":
      return draw({ ...options, seed: options.seed + (options.drawn?.length ?? 0), drawn: [] });
    case "takes any option":
      return options.count < 0 ? levels.map(() => new Int32Array(0)) : draw(options);
    case "hands over no row":
    case "never stops":
      return draw(others);
    default:
      return draw(options);
  }
}
