import type { ImageSize, Pixels } from "./image.ts";

/** The size whose longer side is `side`, with an image's aspect; the image's own where it is not larger. */
export function reducedSize({ height, width }: ImageSize, side: number): ImageSize {
  const longer = Math.max(height, width);
  if (longer <= side) return { height, width };
  const scaled = (length: number) => Math.max(1, Math.round((length * side) / longer));
  return { height: scaled(height), width: scaled(width) };
}

/** An image brought to a smaller size: each pixel is the mean over the area that it covers, in parts of pixels. */
export function areaMeans(image: Pixels, size: ImageSize, target: ImageSize): Float64Array {
  const narrow = meansAlong(image, { lines: size.height, length: size.width, stride: 1 }, target.width);
  const turned = meansAlong(
    narrow,
    { lines: target.width, length: size.height, stride: target.width },
    target.height,
  );
  const means = new Float64Array(target.height * target.width);
  for (let row = 0; row < target.height; row++) {
    for (let column = 0; column < target.width; column++) {
      means[row * target.width + column] = turned[column * target.height + row]!;
    }
  }
  return means;
}

/** Each of some lines brought to `count` means, [lines, count]; a line's pixels lie `stride` apart. */
function meansAlong(
  values: Pixels,
  { lines, length, stride }: { readonly lines: number; readonly length: number; readonly stride: number },
  count: number,
): Float64Array {
  const means = new Float64Array(lines * count);
  const share = length / count;
  for (let cell = 0; cell < count; cell++) {
    const [from, to] = [cell * share, (cell + 1) * share];
    const last = Math.min(length, Math.ceil(to));
    for (let at = Math.floor(from); at < last; at++) {
      const weight = (Math.min(at + 1, to) - Math.max(at, from)) / share;
      for (let line = 0; line < lines; line++) {
        const start = stride === 1 ? line * length : line;
        means[line * count + cell]! += weight * values[start + at * stride]!;
      }
    }
  }
  return means;
}
