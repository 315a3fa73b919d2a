/**
 * The places, among this many images, of those that show something; all of them if none does.
 *
 * An image of one value has no range to scale an error by and no structure to keep: its SSIM and PSNR say next to nothing
 * (1 and no noise at all if it comes back to a hair, about 0 if it is off by one unit), so it counts in no mean.
 */
export function placesShowing(count: number, image: (position: number) => Float32Array): readonly number[] {
  const all = Array.from({ length: count }, (_, position) => position);
  const showing = all.filter((position) => !isBlank(image(position)));
  return showing.length === 0 ? all : showing;
}

/** Whether an image is of one value throughout. */
export function isBlank(image: Float32Array): boolean {
  return image.every((value) => value === image[0]);
}
