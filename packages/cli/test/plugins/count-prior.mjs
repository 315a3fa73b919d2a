import { float32, random } from "@slicebook/base";
import { UNKNOWN } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";

const countOf = (level) => `counts.${level}`;

/** A prior as somebody else would write it, without weights or gradients: how often each code was seen. */
export default {
  name: "count-prior",
  schema: z.strictObject({ start: z.number().positive().default(1) }),
  bind({ start }, space) {
    const { levels } = space;
    const initialCarry = () =>
      Object.fromEntries(
        levels.map(({ codes }, level) => [
          `average.${countOf(level)}`,
          float32(new Float32Array(codes).fill(start), [codes]),
        ]),
      );
    const logs = (counts) => tf.log(tf.div(counts, tf.sum(counts)));
    const scored = (counts, codes) =>
      tf.reshape(tf.gather(logs(counts), tf.reshape(codes, [-1])), codes.shape);
    return {
      space,
      conditions: [],
      parts: [
        {
          levels: levels.map((_, level) => level),
          initialCarry,
          trainStep(carry, inputs) {
            const losses = [];
            const after = levels.map(({ codes }, level) => {
              const name = `average.${countOf(level)}`;
              const grid = inputs[`codes.${level}`];
              losses.push(tf.neg(tf.mean(scored(carry[name], grid))));
              const seen = tf.sum(tf.oneHot(tf.reshape(grid, [-1]), codes), 0);
              return [name, tf.add(carry[name], tf.cast(seen, "float32"))];
            });
            return [Object.fromEntries(after), { loss: tf.div(tf.addN(losses), losses.length) }];
          },
          stepNoise: () => ({}),
          score: (params, codes) => ({
            logLikelihood: codes.map((grid, level) => scored(params[countOf(level)], grid)),
            correct: codes.map((grid, level) =>
              tf.cast(tf.equal(grid, tf.cast(tf.argMax(params[countOf(level)]), "int32")), "int32"),
            ),
          }),
        },
      ],
      parameters: (carry) =>
        Object.fromEntries(levels.map((_, level) => [countOf(level), carry[`average.${countOf(level)}`]])),
      async sample(_, params, { count, seed }) {
        if (UNKNOWN !== -1) throw new Error("another version of Slicebook");
        return levels.map(({ rows, columns }, level) => {
          const counts = params[countOf(level)].data;
          const total = counts.reduce((sum, value) => sum + value, 0);
          const draws = random(seed, "count-prior", level);
          return Int32Array.from({ length: count * rows * columns }, () => {
            let rest = draws.uniform() * total;
            for (const [code, value] of counts.entries()) {
              rest -= value;
              if (rest < 0) return code;
            }
            return counts.length - 1;
          });
        });
      },
    };
  },
};
