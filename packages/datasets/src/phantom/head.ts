import { random } from "@slicebook/base";
import {
  barDistance,
  type Canvas,
  canvas,
  columnPlaces,
  coverage,
  drawWaves,
  ellipseDistance,
  rowPlaces,
  type Waves,
  waveField,
} from "./canvas.ts";
import { byAge, type PhantomTraits } from "./traits.ts";

/** Labels of a head, in the order of the grey values of OASIS' masks: 0, 85, 170, 255. */
export const HEAD_LABELS = { background: 0, fluid: 1, grey: 2, white: 3 } as const;

/** One subject's head: lengths in millimetres. */
interface Head {
  readonly halfWidth: number;
  readonly halfLength: number;
  readonly halfHeight: number;
  readonly egg: number;
  readonly tilt: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly scalp: number;
  readonly skull: number;
  readonly cortex: number;
  readonly sulcus: number;
  readonly sulcusDepth: number;
  readonly ventricles: number;
  readonly asymmetry: number;
  readonly folds: Waves;
  readonly relief: Waves;
}

const SKIN = 0.42;
const FAT = 0.92;
const BONE = 0.06;
const MARROW = 0.36;
const FLUID = 0.14;
const GREY = 0.5;
const WHITE = 0.74;
const DEEP = 0.58;
/** Ventricles and nuclei lie within this half-width and half-length, in millimetres. */
const CORE_WIDTH = 42;
const CORE_LENGTH = 52;
/** The part of the half-height over which slices are spread, from the basal ganglia upwards. */
const LOWEST = -0.06;
const HIGHEST = 0.72;

/**
 * Draws an axial slice of a T1-weighted head, front up: scalp, skull, folded cortex, white matter,
 * ventricles.
 *
 * `position` goes from 0 (at the level of the basal ganglia) to 1 (near the top). With `atrophy` the
 * ventricles and the sulci are wide and the cortex is thin.
 */
export function drawHead(
  size: readonly [number, number],
  position: number,
  {
    seed,
    subject,
    atrophy,
    traits,
  }: {
    readonly seed: number;
    readonly subject: string;
    readonly atrophy: boolean;
    readonly traits: PhantomTraits | undefined;
  },
): Canvas {
  const head = withTraits(drawAnatomy(seed, subject, atrophy), traits);
  const target = canvas(size[0], size[1], 214, 182);
  const z = LOWEST + (HIGHEST - LOWEST) * position;
  const millimetres = z * head.halfHeight;
  const section = Math.sqrt(1 - z * z);
  const bounds = {
    x: head.shiftX,
    y: head.shiftY,
    halfWidth: 1.25 * head.halfWidth * section,
    halfHeight: 1.15 * head.halfLength * section,
  };
  const folds = waveField(target, head.folds, millimetres, bounds);
  const relief = waveField(target, head.relief, millimetres, bounds);
  const inside = insideShapes(head, z);
  const { height, width, pixel } = target;
  const xs = columnPlaces(target);
  const ys = rowPlaces(target);
  const cosine = Math.cos(head.tilt);
  const sine = Math.sin(head.tilt);
  const soft = Math.max(pixel, 0.9);
  for (let row = 1; row < height - 1; row++) {
    for (let column = 1; column < width - 1; column++) {
      const index = row * width + column;
      const dx = xs[column]! - head.shiftX;
      const dy = ys[row]! - head.shiftY;
      const x = dx * cosine + dy * sine;
      const y = dy * cosine - dx * sine;
      const halfLength = head.halfLength * section;
      const halfWidth = head.halfWidth * section * (1 - (head.egg * y) / halfLength);
      const radius = Math.sqrt((x / halfWidth) ** 2 + (y / halfLength) ** 2);
      if (radius > 1.2) continue;
      const uneven = relief[index]!;
      const depth =
        (1 - radius) * (radius < 0.05 ? halfWidth : Math.sqrt(x * x + y * y) / radius) + 0.8 * uneven;
      const bone = head.scalp * (1 + 0.25 * uneven);
      const brain = bone + head.skull * (1 + 0.1 * uneven);
      let brightness = SKIN * coverage(-depth, pixel);
      brightness += (FAT - brightness) * coverage(1.6 - depth, pixel);
      brightness += (BONE - brightness) * coverage(bone - depth, pixel);
      const marrow = Math.abs(depth - (bone + brain) / 2) - 0.17 * head.skull;
      brightness += (MARROW - brightness) * coverage(marrow, soft);
      brightness += (FLUID - brightness) * coverage(brain - depth, pixel);
      let label: number = HEAD_LABELS.background;
      const below = depth - brain;
      if (below > 0) {
        label = HEAD_LABELS.fluid;
        // The distance to the nearest fold is the field over its slope; a fold is a sulcus down to its depth.
        const across = (folds[index + 1]! - folds[index - 1]!) / (2 * pixel);
        const along = (folds[index + width]! - folds[index - width]!) / (2 * pixel);
        const slope = Math.max(0.09, Math.sqrt(across * across + along * along));
        const fold = Math.abs(folds[index]!) / slope - head.sulcus;
        const bottom = below - head.sulcusDepth * (1 + 0.35 * uneven);
        const gap = Math.min(below - 1.2, Math.max(fold, bottom), inside.fissure(x, y));
        const tissue = coverage(-gap, soft);
        const whiteShare = coverage(head.cortex - gap, soft);
        const central = Math.abs(x) < CORE_WIDTH && Math.abs(y) < CORE_LENGTH;
        const deep = central ? coverage(inside.nuclei(x, y), soft * 2) : 0;
        const white = WHITE - 0.07 * Math.exp(-below / 18) + 0.014 * folds[index]!;
        let matter = GREY + (white - GREY) * whiteShare;
        matter += (DEEP - matter) * deep;
        brightness += (matter - brightness) * tissue;
        const fluid = central ? coverage(inside.ventricles(x, y), soft) : 0;
        brightness += (FLUID - 0.03 - brightness) * fluid;
        if (fluid < 0.5 && tissue >= 0.5) {
          label = deep >= 0.5 || whiteShare < 0.5 ? HEAD_LABELS.grey : HEAD_LABELS.white;
        }
      }
      target.brightness[index] = brightness;
      target.labels[index] = label;
    }
  }
  return target;
}

function drawAnatomy(seed: number, subject: string, atrophy: boolean): Head {
  const source = random(seed, "phantom", "head", subject);
  const between = (low: number, high: number) => low + (high - low) * source.uniform();
  return {
    halfWidth: between(71, 79),
    halfLength: between(90, 98),
    halfHeight: between(92, 104),
    egg: between(0.03, 0.1),
    tilt: between(-0.07, 0.07),
    shiftX: between(-3, 3),
    shiftY: between(-3, 3),
    scalp: between(3.6, 6.4),
    skull: between(5, 7.5),
    cortex: atrophy ? between(2.1, 2.6) : between(2.7, 3.3),
    sulcus: atrophy ? between(0.9, 1.3) : between(0.25, 0.6),
    sulcusDepth: between(17, 25),
    ventricles: atrophy ? between(1.6, 2.1) : between(0.8, 1.2),
    asymmetry: between(0.88, 1.12),
    folds: drawWaves(source, 12, 19, 27),
    relief: drawWaves(source, 6, 45, 90),
  };
}

function withTraits(head: Head, traits: PhantomTraits | undefined): Head {
  if (traits === undefined) return head;
  const size = traits.sex === "F" ? 0.93 : 1;
  return {
    ...head,
    halfWidth: head.halfWidth * size,
    halfLength: head.halfLength * size,
    halfHeight: head.halfHeight * size,
    cortex: head.cortex * byAge(traits, 1.05, 0.9),
    sulcus: head.sulcus * byAge(traits, 0.7, 2),
    ventricles: head.ventricles * byAge(traits, 0.5, 2),
  };
}

type Distance = (x: number, y: number) => number;

/** The signed distances of what lies inside the brain at height `z`. */
function insideShapes(head: Head, z: number): { ventricles: Distance; nuclei: Distance; fissure: Distance } {
  // The lateral ventricles are fullest a little above the lowest slices and end well below the top.
  const fullness = head.ventricles * Math.max(0, 1 - ((z - 0.12) / 0.34) ** 2);
  const spread = Math.sqrt(fullness);
  const ventricles: Distance[] = [];
  const nuclei: Distance[] = [];
  for (const side of [-1, 1]) {
    const wide = side < 0 ? head.asymmetry : 1 / head.asymmetry;
    const reach = spread * wide;
    if (fullness > 0.12) {
      // Front horn, body and back horn: the back horn bends outwards.
      ventricles.push(
        barDistance({
          x0: side * 4.5 * spread,
          y0: 8,
          r0: 2.6 * reach,
          x1: side * 10 * spread,
          y1: 26,
          r1: 3.2 * reach,
        }),
        barDistance({
          x0: side * 4.5 * spread,
          y0: 8,
          r0: 2.6 * reach,
          x1: side * 8 * spread,
          y1: -14,
          r1: 2.7 * reach,
        }),
        barDistance({
          x0: side * 8 * spread,
          y0: -14,
          r0: 2.7 * reach,
          x1: side * 17,
          y1: -28,
          r1: 4 * reach,
        }),
        barDistance({ x0: side * 17, y0: -28, r0: 4 * reach, x1: side * 18.5, y1: -40, r1: 2.2 * reach }),
      );
    }
    if (z < 0.3) {
      const size = Math.sqrt(Math.max(0, 1 - (z / 0.3) ** 2));
      nuclei.push(
        ellipseDistance({
          x: side * (11 + 4 * spread),
          y: 17,
          rx: 3.2 * size + 0.1,
          ry: 8 * size + 0.1,
          angle: side * -0.5,
        }),
        ellipseDistance({ x: side * 26, y: 4, rx: 5 * size + 0.1, ry: 15 * size + 0.1, angle: side * -0.2 }),
        ellipseDistance({
          x: side * 10,
          y: -10,
          rx: 7 * size + 0.1,
          ry: 12 * size + 0.1,
          angle: side * 0.35,
        }),
      );
    }
  }
  if (z < 0.12) {
    ventricles.push(
      barDistance({ x0: 0, y0: 4, r0: 1 * head.ventricles, x1: 0, y1: -20, r1: 1.4 * head.ventricles }),
    );
  }
  // The halves are joined by the corpus callosum up to about a third of the height.
  const bridge = z < 0.36 ? 38 * Math.sqrt(1 - (Math.max(0, z) / 0.36) ** 2) : -1e3;
  const insula = z < 0.25 ? 1 : 0;
  return {
    ventricles: (x, y) => least(ventricles, x, y),
    nuclei: (x, y) => least(nuclei, x, y),
    fissure: (x, y) => {
      const middle = Math.max(
        Math.abs(x - 1.2 * Math.sin(y / 30)) - 0.5 - 0.4 * head.sulcus,
        bridge - Math.abs(y - 2),
      );
      if (insula === 0) return middle;
      // The lateral fissure runs inwards from the surface in front of the middle.
      const lateral = Math.abs(y - 8 - 0.25 * (Math.abs(x) - 40) - 2.2 * Math.sin(x / 5)) - 0.4 - head.sulcus;
      return Math.min(middle, Math.max(lateral, 36 - Math.abs(x)));
    },
  };
}

function least(distances: readonly Distance[], x: number, y: number): number {
  let smallest = 1e3;
  for (const distance of distances) smallest = Math.min(smallest, distance(x, y));
  return smallest;
}
