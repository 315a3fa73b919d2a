import { float32, type HostTensors, random, sizeOf } from "@slicebook/base";
import { presets, vqvae } from "@slicebook/core";

const SEED = 0;
/** Different batches, taken in turn. */
const BATCHES = 4;

/** The reference VQ-VAE as it is trained, and what it is trained on: images drawn at random. */
export function referenceTraining(size: readonly [number, number], batch: number) {
  // The published loss, as the peer has it: the squared error, without the similarity that our default adds.
  const config = { ...presets.reference, loss: { ...presets.reference.loss, ssim: 0 } };
  const shape = [batch, ...size, 1];
  const batches = Array.from({ length: BATCHES }, (_, index) =>
    float32(random(SEED, "images", index).normals(sizeOf(shape)), shape),
  );
  const model = vqvae.bind(config, size);
  return {
    weightCount: model.weightCount,
    step: model.trainStep({ dataVariance: 1 }),
    // The codes are in use from the first step on, as they are for most of a run.
    carry: { ...model.initialCarry(SEED), "quantizer.active": float32([1], []) },
    signature: model.stepInputs(batch),
    /** What a run hands over for a step: its noise, a batch and the progress. */
    inputs: (step: number): HostTensors => ({
      ...model.stepNoise({ seed: SEED, step, batch }),
      images: batches[step % BATCHES]!,
      progress: float32([0], []),
    }),
  };
}
