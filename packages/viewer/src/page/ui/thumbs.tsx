import { Picture } from "./picture.tsx";
import type { Stack } from "./stack.ts";

/** Small pictures of slices, of which one is chosen. */
export function Thumbs({
  label,
  stack: { slices: pictures, height, width },
  slices,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly stack: Stack;
  /** In the order of the stack; `label` is read aloud, `caption` is seen below. */
  readonly slices: readonly { readonly name: string; readonly label: string; readonly caption: string }[];
  readonly chosen: number;
  readonly onChoose: (number: number) => void;
}) {
  return (
    <fieldset class="thumbs" aria-label={label}>
      {slices.map((slice, number) => (
        <button
          key={slice.name}
          type="button"
          aria-pressed={number === chosen}
          aria-label={slice.label}
          onClick={() => onChoose(number)}
        >
          <Picture values={pictures[number]!} height={height} width={width} label="" />
          <span>{slice.caption}</span>
        </button>
      ))}
    </fieldset>
  );
}
