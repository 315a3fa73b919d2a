// A model of its own: traced, trained, run and written as ONNX, with nothing of Slicebook's models.
import "@tensorflow/tfjs-layers"; // registers TensorFlow.js's gradients
import { writeFileSync } from "node:fs";
import { createEngine } from "@slicebook/engine";
import { trace } from "@slicebook/tfjs-onnx";
import * as tf from "@tensorflow/tfjs-core";

const BATCH = 128;
const HIDDEN = 24;
const STEPS = 400;
const RATE = 0.3;

/** A small generator of numbers in [0, 1), so that every run is the same. */
let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const tensor = (shape, fill) => {
  const size = shape.reduce((product, side) => product * side, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, fill) };
};
const spec = (shape) => ({ dtype: "float32", shape });

/** Two half moons, one in the other: points [n, 2] and their classes [n, 1]. */
function moons(count) {
  const points = tensor([count, 2], () => 0);
  const labels = tensor([count, 1], (_, index) => index % 2);
  for (let index = 0; index < count; index++) {
    const angle = Math.PI * random();
    const upper = index % 2 === 0;
    points.data[2 * index] = (upper ? Math.cos(angle) : 1 - Math.cos(angle)) + 0.2 * (random() - 0.5);
    points.data[2 * index + 1] = (upper ? Math.sin(angle) : 0.5 - Math.sin(angle)) + 0.2 * (random() - 0.5);
  }
  return { points, labels };
}

/** The model: a pure function of its weights and of points [n, 2], giving logits [n, 1]. */
function logits({ w1, b1, w2, b2 }, points) {
  return tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(points, w1), b1)), w2), b2);
}

/** One step of gradient descent: (weights, inputs) → [weights, metrics], pure. */
function step(weights, { points, labels }) {
  const names = Object.keys(weights);
  const loss = (...values) => {
    const given = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    return tf.losses.sigmoidCrossEntropy(labels, logits(given, points));
  };
  const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => weights[name]));
  const next = names.map((name, index) => [name, tf.sub(weights[name], tf.mul(grads[index], RATE))]);
  return [Object.fromEntries(next), { loss: value }];
}

const predict = (weights, points) => tf.sigmoid(logits(weights, points));

const engine = await createEngine(); // { kind: "onnx", device: "cpu" }
console.log(engine.description);

const initial = {
  w1: tensor([2, HIDDEN], () => 2 * (random() - 0.5)),
  b1: tensor([HIDDEN], () => 0),
  w2: tensor([HIDDEN, 1], () => random() - 0.5),
  b2: tensor([1], () => 0),
};
const loop = await engine.loop(step, initial, { points: spec([BATCH, 2]), labels: spec([BATCH, 1]) });
for (let number = 1; number <= STEPS; number++) {
  const { loss } = await loop.next(moons(BATCH));
  if (number % 100 === 0) console.log(`step ${number}  loss ${loss.data[0].toFixed(4)}`);
}
const weights = await loop.read();
await loop.dispose();

const compiled = await engine.compile(predict, [spec([BATCH, 2])], { parameters: weights });
const unseen = moons(BATCH);
const probabilities = await compiled.run(unseen.points);
await compiled.dispose();
const right = probabilities.data.filter((value, index) => value > 0.5 === (unseen.labels.data[index] === 1));
const accuracy = right.length / BATCH;
console.log(`accuracy ${accuracy.toFixed(3)} on points it has not seen`);

// The same function as a file for any ONNX runtime, its weights inside.
const { model } = trace(predict, [spec([BATCH, 2])], { parameters: weights });
writeFileSync("moons.onnx", model);
console.log(`wrote moons.onnx (${model.length} bytes)`);
await engine.dispose();
process.exitCode = accuracy > 0.95 ? 0 : 1;
