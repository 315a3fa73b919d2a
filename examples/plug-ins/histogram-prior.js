// A prior that counts how often each code occurs at each position of the grid, in each class.
import { float32 } from "@slicebook/base";
import { codesName, drawLevels, withoutPrefix } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";

const countsOf = (level) => `counts.${level}`;
const AVERAGE = "average.";

export default {
  name: "histogram",
  schema: z.strictObject({
    start: z.number().positive().default(0.5).describe("How often each code counts as seen before training."),
  }),
  bind({ start }, space) {
    const { levels, classes } = space;
    const conditions = classes > 0 ? ["labels"] : [];

    /** ln p of each code of the codebook, [b, rows, columns, K], from the counts of each class. */
    const logsOf = (counts, batch, { labels = tf.zeros([batch], "int32") }) =>
      tf.gather(tf.log(tf.div(counts, tf.sum(counts, -1, true))), labels);
    /** [b, rows, columns] → [b, rows, columns, K], 1 at each code. */
    const oneHot = (grid, level) => {
      const { codes } = levels[level];
      return tf.reshape(tf.oneHot(tf.reshape(grid, [-1]), codes, 1, 0, "float32"), [...grid.shape, codes]);
    };

    const part = {
      levels: [...levels.keys()],
      initialCarry: () =>
        Object.fromEntries(
          levels.map(({ codes, rows, columns }, level) => {
            const shape = [Math.max(1, classes), rows, columns, codes];
            const size = shape.reduce((product, side) => product * side);
            return [AVERAGE + countsOf(level), float32(new Float32Array(size).fill(start), shape)];
          }),
        ),
      trainStep(carry, inputs) {
        const losses = [];
        const counted = levels.map((_, level) => {
          const counts = carry[AVERAGE + countsOf(level)];
          const grid = inputs[codesName(level)];
          const [batch] = grid.shape;
          const codes = oneHot(grid, level);
          losses.push(tf.neg(tf.mean(tf.sum(tf.mul(logsOf(counts, batch, inputs), codes), -1))));
          const { labels = tf.zeros([batch], "int32") } = inputs;
          const ofClass = tf.cast(
            tf.equal(tf.expandDims(labels, 1), tf.range(0, counts.shape[0], 1, "int32")),
            "float32",
          );
          const seen = tf.matMul(ofClass, tf.reshape(codes, [batch, codes.size / batch]), true);
          return [AVERAGE + countsOf(level), tf.add(counts, tf.reshape(seen, counts.shape))];
        });
        return [Object.fromEntries(counted), { loss: tf.div(tf.addN(losses), losses.length) }];
      },
      stepNoise: () => ({}),
      score(params, grids, told) {
        const logs = grids.map((grid, level) => logsOf(params[countsOf(level)], grid.shape[0], told));
        return {
          logLikelihood: logs.map((all, level) => tf.sum(tf.mul(all, oneHot(grids[level], level)), -1)),
          correct: logs.map((all, level) =>
            tf.cast(tf.equal(tf.cast(tf.argMax(all, -1), "int32"), grids[level]), "int32"),
          ),
        };
      },
    };

    return {
      space,
      conditions,
      parts: [part],
      parameters: (carry) => withoutPrefix(AVERAGE, carry),
      sample: (_engine, params, options) =>
        drawLevels({ space, conditions }, options, (level, lanes) => ({
          start({ conditions: { labels } }) {
            const { data } = params[countsOf(level)];
            const { codes, rows, columns } = levels[level];
            return (row, column) => {
              const logits = new Float32Array(lanes * codes);
              for (let lane = 0; lane < lanes; lane++) {
                const label = labels?.data[lane] ?? 0;
                const first = ((label * rows + row) * columns + column) * codes;
                logits.set(data.subarray(first, first + codes).map(Math.log), lane * codes);
              }
              return logits;
            };
          },
          dispose: async () => {},
        })),
    };
  },
};
