import { useId, useMemo, useRef, useState } from "preact/hooks";
import type { CodebookLevel } from "../../shared/answers.ts";
import { percent, plural } from "../format.ts";
import { paint } from "../ui/picture.tsx";
import { useSharpCanvas } from "../ui/sharp-canvas.ts";
import { themeColour } from "../ui/theme.tsx";

/** Square pictures of all codes of a level, in [0, 1]. */
export interface Patches {
  readonly side: number;
  readonly patches: readonly Float32Array[];
}

/** Pixels of the page: a picture with its frame at least, and what lies between two. */
const LEAST_CELL = 34;
const GAP = 4;
const FRAME = 2;

/** How faint the pictures of codes that occur nowhere are. */
const UNUSED = 0.3;

/**
 * The pictures of all codes in one canvas, however many there are; one is chosen by pointer or, as in a list, by keys.
 */
export function Atlas({
  level: { counts },
  codes,
  chosen,
  onChoose,
  patches,
}: {
  readonly level: CodebookLevel;
  /** The codes in the order in which they are shown. */
  readonly codes: readonly number[];
  readonly chosen: number;
  readonly onChoose: (code: number) => void;
  /** Absent while they are not known. */
  readonly patches: Patches | undefined;
}) {
  const option = useId();
  const total = useMemo(() => counts.reduce((sum, count) => sum + count, 0), [counts]);
  const sheet = useMemo(() => (patches === undefined ? undefined : sheetOf(patches)), [patches]);
  const [pointed, setPointed] = useState<number>();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useSharpCanvas(
    (context, { width }) => {
      const layout = layoutOf(width, codes.length);
      const unused = themeColour("--edge");
      context.imageSmoothingEnabled = false;
      for (const [index, code] of codes.entries()) {
        const { left, top } = cornerOf(index, layout);
        const [x, y, side] = [left + FRAME, top + FRAME, layout.cell - 2 * FRAME];
        context.globalAlpha = counts[code] === 0 ? UNUSED : 1;
        if (sheet === undefined) {
          context.fillStyle = unused;
          context.fillRect(x, y, side, side);
        } else {
          const patchSide = sheet.side;
          const from = [
            (code % sheet.columns) * patchSide,
            Math.floor(code / sheet.columns) * patchSide,
          ] as const;
          context.drawImage(sheet.canvas, ...from, patchSide, patchSide, x, y, side, side);
        }
      }
    },
    [codes, counts, sheet],
    (width) => layoutOf(width, codes.length).height,
  );
  const chosenIndex = codes.indexOf(chosen);
  const layout = layoutOf(canvas.width, codes.length);
  const choose = (next: number) => {
    const to = Math.min(codes.length - 1, Math.max(0, next));
    onChoose(codes[to]!);
    const { top } = cornerOf(to, layout);
    keepInView(box.current!, top, layout.cell);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: chosenIndex - 1,
      ArrowRight: chosenIndex + 1,
      ArrowUp: chosenIndex - layout.columns < 0 ? chosenIndex : chosenIndex - layout.columns,
      ArrowDown: chosenIndex + layout.columns >= codes.length ? chosenIndex : chosenIndex + layout.columns,
      Home: 0,
      End: codes.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };
  const indexAt = (event: MouseEvent): number | undefined => {
    const { left, top } = canvas.ref.current!.getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / (layout.cell + GAP));
    const row = Math.floor((event.clientY - top) / (layout.cell + GAP));
    const index = row * layout.columns + column;
    return column >= 0 && column < layout.columns && index >= 0 && index < codes.length ? index : undefined;
  };
  const words = (code: number) => {
    const count = counts[code]!;
    return `Code ${code}: ${plural(count, "occurrence")}, ${percent(count / Math.max(total, 1), 2)}`;
  };
  const { left, top } = cornerOf(chosenIndex, layout);
  return (
    <div
      ref={box}
      class="atlas"
      role="listbox"
      tabIndex={0}
      aria-label="Codes, each decoded"
      aria-activedescendant={option}
      title={pointed === undefined ? undefined : words(codes[pointed]!)}
      onKeyDown={onKeyDown}
      onMouseMove={(event) => setPointed(indexAt(event))}
      onMouseLeave={() => setPointed(undefined)}
      onClick={(event) => {
        const at = indexAt(event);
        if (at !== undefined) onChoose(codes[at]!);
      }}
    >
      <canvas ref={canvas.ref} style={{ height: `${layout.height}px` }} />
      <div
        id={option}
        class="frame"
        role="option"
        aria-selected="true"
        aria-posinset={chosenIndex + 1}
        aria-setsize={codes.length}
        tabIndex={-1}
        style={{ left: `${left}px`, top: `${top}px`, width: `${layout.cell}px`, height: `${layout.cell}px` }}
      >
        <span class="hidden">{words(chosen)}</span>
      </div>
    </div>
  );
}

interface Layout {
  readonly columns: number;
  /** The side of a picture with its frame. */
  readonly cell: number;
  readonly height: number;
}

function layoutOf(width: number, count: number): Layout {
  const columns = Math.max(1, Math.floor((width + GAP) / (LEAST_CELL + GAP)));
  const cell = Math.max(2 * FRAME, (width - GAP * (columns - 1)) / columns);
  return { columns, cell, height: Math.ceil(count / columns) * (cell + GAP) - GAP };
}

function cornerOf(index: number, { columns, cell }: Layout): { readonly left: number; readonly top: number } {
  return { left: (index % columns) * (cell + GAP), top: Math.floor(index / columns) * (cell + GAP) };
}

/** All pictures at their own size in one, that is about square: browsers limit the sides of a canvas. */
interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly side: number;
  readonly columns: number;
}

function sheetOf({ side, patches }: Patches): Sheet {
  const columns = Math.ceil(Math.sqrt(patches.length));
  const width = columns * side;
  const height = Math.ceil(patches.length / columns) * side;
  const values = new Float32Array(width * height);
  for (const [code, patch] of patches.entries()) {
    const start = Math.floor(code / columns) * side * width + (code % columns) * side;
    for (let row = 0; row < side; row++)
      values.set(patch.subarray(row * side, (row + 1) * side), start + row * width);
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  paint(canvas, values, { height, width, colouring: "grey" });
  return { canvas, side, columns };
}

/** Scrolls no further than is needed for a row of pictures to be seen. */
function keepInView(box: HTMLElement, top: number, height: number): void {
  const { top: start } = box.getBoundingClientRect();
  const [above, below] = [start + top, start + top + height - innerHeight];
  if (above < 0) scrollBy(0, above - GAP);
  else if (below > 0) scrollBy(0, below + GAP);
}
