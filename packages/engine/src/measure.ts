import { float32, sizeOf } from "@slicebook/base";
import { conv2d, type Tensor4D } from "@tensorflow/tfjs-core";
import type { Engine } from "./engine.ts";

/** Sides and channels of what is convolved, up to one that takes long enough to be timed. */
const SIZES = [16, 32, 64, 128];
const LONG_ENOUGH_MS = 10;
const KERNEL = 3;
const REPEATS = 3;

/**
 * An engine's speed in a 3×3 convolution, in 10⁹ additions and multiplications a second.
 *
 * The size grows until one takes long enough to be timed.
 */
export async function measure(engine: Engine): Promise<number> {
  let speed = 0;
  for (const size of SIZES) {
    const milliseconds = await timeConvolution(engine, size);
    speed = (2 * (size * KERNEL * size) ** 2) / (milliseconds * 1e6);
    if (milliseconds > LONG_ENOUGH_MS) break;
  }
  return speed;
}

/** The shortest of a few convolutions; the first call, which warms up, does not count. */
async function timeConvolution(engine: Engine, size: number): Promise<number> {
  const shapes = [
    [1, size, size, size],
    [KERNEL, KERNEL, size, size],
  ];
  const args = shapes.map((shape) =>
    float32(
      Float32Array.from({ length: sizeOf(shape) }, (_, index) => Math.sin(index)),
      shape,
    ),
  );
  const convolve = (x: Tensor4D, kernel: Tensor4D) => conv2d(x, kernel, 1, "same");
  const compiled = await engine.compile(
    convolve,
    shapes.map((shape) => ({ shape, dtype: "float32" as const })),
  );
  try {
    await compiled.run(...args);
    let shortest = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const start = performance.now();
      await compiled.run(...args);
      shortest = Math.min(shortest, performance.now() - start);
    }
    return shortest;
  } finally {
    await compiled.dispose();
  }
}
