import { useEffect, useId, useRef, useState } from "preact/hooks";
import { plural } from "../format.ts";
import { paint } from "../ui/picture.tsx";

/** What the pointer or the keys do to the cells of a grid. */
export type Tool = "look" | "paint" | "mask";

/** The colour of a mask over the codes. */
const MASK = "rgba(255, 140, 0, 0.72)";

/**
 * A grid of codes to look into and to draw in: with the pointer, or with the arrow keys and the space bar.
 *
 * `onBrush` is called for each cell that is drawn at, `onStroke` at the end of a stroke.
 */
export function CodeGrid({
  codes,
  rows,
  columns,
  colours,
  mask,
  bits,
  tool,
  radius,
  onPick,
  onBrush,
  onStroke,
}: {
  readonly codes: Int32Array;
  readonly rows: number;
  readonly columns: number;
  readonly colours: readonly number[];
  readonly mask: Uint8Array;
  /** Bits of each code; absent while they are not known. */
  readonly bits: Float32Array | undefined;
  readonly tool: Tool;
  /** Cells around the one pointed at that are drawn at too. */
  readonly radius: number;
  readonly onPick: (code: number) => void;
  readonly onBrush: (cells: readonly number[], options: { readonly erase: boolean }) => void;
  readonly onStroke: () => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<number>();
  const drawing = useRef(false);
  const help = useId();

  useEffect(() => {
    paint(canvas.current!, codes, { height: rows, width: columns, colouring: colours });
    const context = canvas.current!.getContext("2d")!;
    context.fillStyle = MASK;
    for (const [cell, masked] of mask.entries()) {
      if (masked) context.fillRect(cell % columns, Math.floor(cell / columns), 1, 1);
    }
  }, [codes, mask, rows, columns, colours]);

  const cellAt = ({ clientX, clientY }: PointerEvent): number => {
    const box = canvas.current!.getBoundingClientRect();
    const column = Math.floor(((clientX - box.left) / box.width) * columns);
    const row = Math.floor(((clientY - box.top) / box.height) * rows);
    return clamp(row, rows) * columns + clamp(column, columns);
  };
  const around = (cell: number): number[] => {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const cells: number[] = [];
    for (let y = Math.max(0, row - radius); y <= Math.min(rows - 1, row + radius); y++) {
      for (let x = Math.max(0, column - radius); x <= Math.min(columns - 1, column + radius); x++) {
        if ((y - row) ** 2 + (x - column) ** 2 <= (radius + 0.5) ** 2) cells.push(y * columns + x);
      }
    }
    return cells;
  };
  const apply = (cell: number, erase: boolean) => {
    if (tool === "look") onPick(codes[cell]!);
    else onBrush(around(cell), { erase });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const cell = at ?? 0;
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const step = event.shiftKey ? 4 : 1;
    const moves: Record<string, readonly [number, number]> = {
      ArrowUp: [-step, 0],
      ArrowDown: [step, 0],
      ArrowLeft: [0, -step],
      ArrowRight: [0, step],
      Home: [0, -columns],
      End: [0, columns],
    };
    const move = moves[event.key];
    if (move !== undefined) {
      setAt(clamp(row + move[0], rows) * columns + clamp(column + move[1], columns));
    } else if (event.key === " " || event.key === "Enter") {
      apply(cell, false);
      if (tool !== "look") onStroke();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      apply(cell, true);
      if (tool !== "look") onStroke();
    } else if (event.key.toLowerCase() === "p") {
      onPick(codes[cell]!);
    } else {
      return;
    }
    event.preventDefault();
  };

  const count = at === undefined ? 0 : codes.reduce((sum, code) => sum + Number(code === codes[at]), 0);
  return (
    <div class="grid">
      <div class="layers">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a canvas that is drawn in by keyboard */}
        <canvas
          ref={canvas}
          class={`picture cells tool-${tool}`}
          width={columns}
          height={rows}
          style={{ aspectRatio: `${columns} / ${rows}` }}
          tabIndex={0}
          role="application"
          aria-label={`Grid of ${rows} × ${columns} codes`}
          aria-describedby={help}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            const cell = cellAt(event);
            setAt(cell);
            drawing.current = tool !== "look";
            if (drawing.current) event.currentTarget.setPointerCapture(event.pointerId);
            apply(cell, event.altKey);
          }}
          onPointerMove={(event) => {
            const cell = cellAt(event);
            if (cell === at) return;
            setAt(cell);
            if (drawing.current) apply(cell, event.altKey);
          }}
          onPointerUp={() => {
            if (drawing.current) onStroke();
            drawing.current = false;
          }}
          onPointerLeave={() => !drawing.current && setAt(undefined)}
        />
        {at !== undefined && (
          <svg class="layer cursor" viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
            <rect x={at % columns} y={Math.floor(at / columns)} width="1" height="1" />
          </svg>
        )}
      </div>
      <p class="readout" aria-live="polite">
        {at === undefined
          ? "Point at a code"
          : `Row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}: code ${codes[at]}, ` +
            `${plural(count, "time")}${bits === undefined ? "" : `, ${bits[at]!.toFixed(2)} bits`}`}
      </p>
      <p id={help} class="hidden">
        Arrow keys move, with Shift by four. Space uses the tool, Delete erases, P picks the code.
      </p>
    </div>
  );
}

function clamp(value: number, length: number): number {
  return Math.min(length - 1, Math.max(0, value));
}
