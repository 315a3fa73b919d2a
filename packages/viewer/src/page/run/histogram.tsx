import { useState } from "preact/hooks";
import type { CodebookLevel } from "../../shared/answers.ts";
import { useSharpCanvas } from "../ui/sharp-canvas.ts";
import { themeColour } from "../ui/theme.tsx";

/** Pixels of the page. */
const HEIGHT = 130;
/** The share of its place that a bar fills, and how wide the chosen one is at least. */
const FILLED = 0.84;
const LEAST_CHOSEN = 2;

/** How often each code occurs; the codes themselves are chosen below, among their pictures. */
export function Histogram({
  level: { counts },
  codes,
  chosen,
  onChoose,
}: {
  readonly level: CodebookLevel;
  readonly codes: readonly number[];
  readonly chosen: number;
  readonly onChoose: (code: number) => void;
}) {
  const [hover, setHover] = useState<number>();
  const most = Math.max(...counts, 1);
  const shown = hover ?? chosen;
  const { ref } = useSharpCanvas(
    (context, { width, height }) => {
      const step = width / codes.length;
      const bar = (code: number, index: number, wide: number) => {
        const high = (height * counts[code]!) / most;
        context.fillRect((index + 0.5) * step - wide / 2, height - high, wide, high);
      };
      context.fillStyle = themeColour("--series-1");
      for (const [index, code] of codes.entries()) bar(code, index, FILLED * step);
      context.fillStyle = themeColour("--series-2");
      bar(shown, codes.indexOf(shown), Math.max(LEAST_CHOSEN, FILLED * step));
    },
    [codes, counts, shown],
    () => HEIGHT,
  );
  const at = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const index = Math.floor(((event.clientX - left) / width) * codes.length);
    return codes[Math.min(codes.length - 1, Math.max(0, index))]!;
  };
  return (
    <figure class="panel usage">
      <div>
        <canvas
          ref={ref}
          role="img"
          aria-label={`How often each of ${codes.length} codes occurs; the most used one ${most.toLocaleString("en")} times`}
          onMouseMove={(event) => setHover(at(event))}
          onMouseLeave={() => setHover(undefined)}
          onClick={(event) => onChoose(at(event))}
        />
      </div>
      <figcaption>
        Code {shown}: {counts[shown]!.toLocaleString("en")} times
      </figcaption>
    </figure>
  );
}
