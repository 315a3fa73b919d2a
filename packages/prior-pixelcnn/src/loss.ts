import * as tf from "@tensorflow/tfjs-core";

/**
 * The mean of −log p(code) in nats, with softmax and cross-entropy as one op: logits `[n, K]`, codes int32 `[n]` → [].
 *
 * Its gradient, (softmax(logits) − onehot(codes)) / n, needs no reverse pass through the logarithm.
 */
export function crossEntropy(logits: tf.Tensor, codes: tf.Tensor): tf.Scalar {
  const [count, classes] = logits.shape as [number, number];
  const loss = tf.customGrad((...args) => {
    const [values, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const logProbabilities = tf.logSoftmax(values);
    const target = tf.oneHot(codes as tf.Tensor1D, classes, 1, 0, "float32");
    save([logProbabilities, target]);
    const value = tf.neg(tf.div(tf.sum(tf.mul(logProbabilities, target)), count));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const difference = tf.sub(tf.exp(saved[0]!), saved[1]!);
      return [tf.mul(difference, tf.div(dy, count))];
    };
    return { value, gradFunc };
  });
  return loss(logits) as tf.Scalar;
}

/** The log-probability in nats of each code: logits `[n, K]`, codes int32 `[n]` → `[n]`. */
export function logProbabilityOf(logits: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  const [, classes] = logits.shape as [number, number];
  const target = tf.oneHot(codes as tf.Tensor1D, classes, 1, 0, "float32");
  return tf.sum(tf.mul(tf.logSoftmax(logits), target), -1);
}

/** Which codes are the likeliest ones: logits `[n, K]`, codes int32 `[n]` → int32 0 or 1 `[n]`. */
export function hits(logits: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(tf.argMax(logits, -1), codes), "int32");
}
