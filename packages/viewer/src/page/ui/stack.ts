/** Slices from one tall picture, [0, 1] each. */
export interface Stack {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly slices: readonly Float32Array[];
}

/** Loads a tall picture of slices that lie under each other, each of the given height. */
export async function loadStack(url: string, height: number): Promise<Stack> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok)
    throw new Error(`A picture of the run is missing (the server answered ${response.status}).`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none" });
  const { width } = bitmap;
  const count = Math.floor(bitmap.height / height);
  const canvas = new OffscreenCanvas(width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const slices = Array.from({ length: count }, (_, index) => {
    const { data } = context.getImageData(0, index * height, width, height);
    return Float32Array.from({ length: width * height }, (_, pixel) => data[4 * pixel]! / 255);
  });
  return { count, height, width, slices };
}
