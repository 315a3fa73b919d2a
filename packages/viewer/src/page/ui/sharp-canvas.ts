import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { onThemeChange } from "./theme.tsx";

/** Draws in pixels of the page; the canvas is clear before. */
type Draw = (
  context: CanvasRenderingContext2D,
  size: { readonly width: number; readonly height: number },
) => void;

/**
 * A canvas as wide as what it lies in and as sharp as the screen; drawn again when `inputs`, its width or the colours
 * change.
 */
export function useSharpCanvas(
  draw: Draw,
  inputs: readonly unknown[],
  heightOf: (width: number) => number,
): {
  readonly ref: RefObject<HTMLCanvasElement | null> /** 0 before it is laid out. */;
  readonly width: number;
} {
  const ref = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const parent = ref.current!.parentElement!;
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(parent);
    const offTheme = onThemeChange(() => setTheme((before) => before + 1));
    return () => {
      observer.disconnect();
      offTheme();
    };
  }, []);
  useEffect(() => {
    const canvas = ref.current!;
    if (width === 0) return;
    const height = heightOf(width);
    // Browsers give none of a canvas that is larger; it is then less sharp.
    const scale = Math.min(devicePixelRatio, LONGEST / width, LONGEST / height);
    [canvas.width, canvas.height] = [Math.round(scale * width), Math.round(scale * height)];
    const context = canvas.getContext("2d")!;
    context.scale(scale, scale);
    draw(context, { width, height });
  }, [width, theme, ...inputs]);
  return { ref, width };
}

/** The longest side of a canvas, in pixels. */
const LONGEST = 16_384;
