import type { Measured } from "@slicebook/measure";
import { type ImageStack, pairGrid } from "@slicebook/report";

/** Samples that are shown, at most. */
const SHOWN = 16;

/** The samples nearest to the training slices, each over its nearest one by SSIM. Gives a PNG. */
export async function nearestPicture({ novelty, nearest, training, samples }: Measured): Promise<Uint8Array> {
  const order = novelty.samples
    .map((_, index) => index)
    .sort((a, b) => nearest[a]!.bySsim.distance - nearest[b]!.bySsim.distance)
    .slice(0, SHOWN);
  const { height, width } = samples.size;
  const stack = (images: readonly Float32Array[]): ImageStack => {
    const data = new Float32Array(images.length * height * width);
    for (const [index, image] of images.entries()) data.set(image, index * height * width);
    return { data, shape: [images.length, height, width] };
  };
  return pairGrid(
    { label: "sample", images: stack(order.map((index) => samples.image(index))) },
    {
      label: "nearest in training",
      images: stack(
        order.map((index) => training.image(training.numbers.indexOf(nearest[index]!.bySsim.index))),
      ),
    },
    {
      title: "Samples over their nearest training slices",
      subtitle: "Nearest by SSIM, both decoded; the samples that are nearest come first",
      captions: order.map((index) => novelty.samples[index]!.name),
      notes: order.map((index) => `SSIM ${(1 - nearest[index]!.bySsim.distance).toFixed(3)}`),
    },
  );
}
