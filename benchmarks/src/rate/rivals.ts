import { encodeWithin, greyImage, type ImageCodec, inUnitsOf } from "@slicebook/measure";
import { median } from "../median.ts";
import type { OurPoint } from "./our-codec.ts";
import { type Measured, measured, type TestSlices, timed } from "./test-slices.ts";

/** The qualities of every codec's curve. */
const QUALITIES = [1, 10, 25, 40, 55, 70, 85, 95];

/** A codec beside ours. */
export interface Rival {
  readonly codec: string;
  /** From the lowest quality to the highest, each the same for all slices. */
  readonly curve: readonly (Measured & { readonly quality: number })[];
  /** At each of our points: every slice at the highest quality that takes no more bytes than ours. */
  readonly atOurBytes: readonly (Measured & {
    /** Slices that take more even at the lowest quality. */
    readonly larger: number;
  })[];
  /** Processor time of a slice: medians over slices and qualities. */
  readonly milliseconds: { readonly compress: number; readonly restore: number };
}

/** Has a codec code slices along its curve, and at the bytes of ours. */
export async function measureRival(
  codec: ImageCodec,
  test: TestSlices,
  {
    ours,
    onProgress,
  }: { readonly ours: readonly OurPoint[]; readonly onProgress: (message: string) => void },
): Promise<Rival> {
  const images = test.slices.map(({ original }) => greyImage(original, test.size));
  const restore = async (index: number, file: Uint8Array) =>
    inUnitsOf(test.slices[index]!.original, await codec.decode(file));
  const times = { compress: [] as number[], restore: [] as number[] };
  const curve: Rival["curve"][number][] = [];
  for (const quality of QUALITIES) {
    onProgress(`${codec.name} at quality ${quality}`);
    const [bytes, restored]: [number[], Float32Array[]] = [[], []];
    for (const [index, image] of images.entries()) {
      const coded = await timed(() => codec.encode(image, quality));
      const back = await timed(() => restore(index, coded.result));
      bytes.push(coded.result.length);
      restored.push(back.result);
      times.compress.push(coded.milliseconds);
      times.restore.push(back.milliseconds);
    }
    curve.push({ quality, ...measured(test, { bytes, restored }) });
  }
  const atOurBytes: Rival["atOurBytes"][number][] = [];
  for (const point of ours) {
    onProgress(`${codec.name} at the bytes of ${point.run}`);
    const [bytes, restored]: [number[], Float32Array[]] = [[], []];
    let near: number | undefined;
    for (const [index, image] of images.entries()) {
      const coded = await encodeWithin(image, codec, point.bytes[index]!, { near });
      near = coded.quality;
      bytes.push(coded.bytes.length);
      restored.push(await restore(index, coded.bytes));
    }
    atOurBytes.push({
      ...measured(test, { bytes, restored }),
      larger: bytes.filter((count, index) => count > point.bytes[index]!).length,
    });
  }
  return {
    codec: codec.name,
    curve,
    atOurBytes,
    milliseconds: { compress: median(times.compress), restore: median(times.restore) },
  };
}
