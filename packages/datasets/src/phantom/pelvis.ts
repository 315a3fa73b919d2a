import { random } from "@slicebook/base";
import {
  type Canvas,
  canvas,
  columnPlaces,
  coverage,
  drawWaves,
  paintBar,
  paintEllipse,
  rowPlaces,
  waveField,
} from "./canvas.ts";
import { byAge, type PhantomTraits } from "./traits.ts";

/** Labels of a pelvis, as HipMRI's masks number them. */
export const PELVIS_LABELS = { background: 0, body: 1, bone: 2, bladder: 3, rectum: 4, prostate: 5 } as const;

const SKIN = 0.3;
const FAT = 0.72;
const MUSCLE = 0.24;
const CORTICAL = 0.05;
const MARROW = 0.56;
const URINE = 0.97;
const WALL = 0.2;
const GAS = 0.03;
const GLAND = 0.4;
const ZONE = 0.68;

/**
 * Draws an axial slice of a T2-weighted male pelvis, front up: fat, muscle, hip bones, bladder, prostate,
 * rectum.
 *
 * `position` goes from 0 (under the prostate) to 1 (through the bladder).
 */
export function drawPelvis(
  size: readonly [number, number],
  position: number,
  {
    seed,
    subject,
    traits,
  }: { readonly seed: number; readonly subject: string; readonly traits: PhantomTraits | undefined },
): Canvas {
  const source = random(seed, "phantom", "pelvis", subject);
  const between = (low: number, high: number) => low + (high - low) * source.uniform();
  const halfWidth = between(146, 160);
  const halfDepth = between(74, 82);
  const fat = between(9, 20);
  const hips = between(82, 92);
  const head = between(21, 25);
  const bladder = between(0.75, 1.25);
  const gland = between(0.8, 1.35) * (traits === undefined ? 1 : byAge(traits, 0.7, 1.25));
  const rectum = between(10, 16);
  const gas = source.uniform() < 0.55;
  const lean = between(-4, 4);
  const shiftX = between(-5, 5);
  const shiftY = between(-3, 3);
  const fibres = drawWaves(source, 12, 7, 16);
  const relief = drawWaves(source, 8, 50, 110);
  const target = canvas(size[0], size[1], 168, 330);
  const { body, bone } = PELVIS_LABELS;

  paintBody(target, { position, halfWidth, halfDepth, fat, shiftX, shiftY, fibres, relief });

  const at = (side: number, x: number) => shiftX + side * x;
  const low = Math.max(0, 1 - position / 0.45);
  const joint = Math.sqrt(Math.max(0, 1 - ((position - 0.5) / 0.46) ** 2));
  const basin = { x: shiftX, y: shiftY - 6, rx: 44 + 10 * position, ry: 54 };
  paintEllipse(target, basin, MUSCLE + 0.03, body, 9);
  paintEllipse(target, basin, FAT - 0.05, body);
  for (const side of [-1, 1]) {
    // The wall of the basin: ischium below, the column of the hip bone above.
    const wall = {
      x0: at(side, 56),
      y0: shiftY - 30,
      r0: 9 - 3 * position,
      x1: at(side, 60),
      y1: shiftY + 22,
      r1: 7,
    };
    paintBar(target, wall, CORTICAL, bone, 2.2);
    paintBar(target, wall, MARROW - 0.08, bone);
    const shaft = {
      x0: at(side, hips),
      y0: shiftY + 2,
      r0: 15,
      x1: at(side, hips + 32),
      y1: shiftY - 8,
      r1: 16,
    };
    if (low > 0.05) {
      paintBar(target, shaft, CORTICAL, bone, 1.5);
      paintBar(target, shaft, MARROW, bone, -1.2);
      const symphysis = {
        x0: at(side, 3),
        y0: shiftY + 44,
        r0: 8 * low + 3,
        x1: at(side, 44),
        y1: shiftY + 32,
        r1: 6,
      };
      paintBar(target, symphysis, CORTICAL, bone, 1.5);
      paintBar(target, symphysis, MARROW - 0.1, bone, -0.8);
    }
    if (joint > 0) {
      const ball = { x: at(side, hips), y: shiftY + 2, rx: head * joint, ry: head * joint };
      paintEllipse(target, ball, CORTICAL, bone, 5.5);
      paintEllipse(target, ball, 0.6, bone, 2.5);
      paintEllipse(target, ball, CORTICAL, bone, 1.2);
      paintEllipse(target, ball, MARROW + 0.05, bone, -1.2);
    }
    // The great vessels of the leg, dark for their flow.
    paintEllipse(target, { x: at(side, 62), y: shiftY + 46, rx: 5, ry: 4.5 }, FAT, body, 4);
    paintEllipse(target, { x: at(side, 58), y: shiftY + 46, rx: 4.2, ry: 4.2 }, 0.08, body);
    paintEllipse(target, { x: at(side, 67), y: shiftY + 45, rx: 4.8, ry: 4 }, 0.16, body);
  }
  const spine = { x: shiftX, y: shiftY - halfDepth + fat + 9, rx: 7 + 16 * position, ry: 5 + 5 * position };
  paintEllipse(target, spine, CORTICAL, bone, 1.5);
  paintEllipse(target, spine, MARROW - 0.1, bone, -1);

  const tube = { x: shiftX + lean, y: shiftY - 36, rx: rectum * 1.15, ry: rectum };
  paintEllipse(target, tube, WALL + 0.08, PELVIS_LABELS.rectum, 3.5);
  paintEllipse(target, tube, gas ? GAS : 0.46, PELVIS_LABELS.rectum);

  const bulge = gland * Math.sqrt(Math.max(0, 1 - ((position - 0.28) / 0.34) ** 2));
  if (bulge > 0.1) {
    const prostate = { x: shiftX + lean / 3, y: shiftY - 2, rx: 22 * bulge, ry: 17 * bulge };
    paintEllipse(target, prostate, WALL, PELVIS_LABELS.prostate, 1.2);
    paintEllipse(target, prostate, ZONE, PELVIS_LABELS.prostate);
    const inner = { x: prostate.x, y: prostate.y + 4.5 * bulge, rx: 16.5 * bulge, ry: 12 * bulge };
    paintEllipse(target, inner, 0.3, PELVIS_LABELS.prostate, 0.8);
    paintEllipse(target, inner, GLAND, PELVIS_LABELS.prostate);
    paintEllipse(target, { x: inner.x, y: inner.y, rx: 2.4, ry: 3 }, 0.75, PELVIS_LABELS.prostate);
    for (const side of [-1, 1]) {
      const nodule = {
        x: inner.x + side * 8 * bulge,
        y: inner.y + side * lean * 0.5,
        rx: 5 * bulge,
        ry: 4.2 * bulge,
      };
      paintEllipse(target, nodule, side < 0 ? 0.52 : 0.33, PELVIS_LABELS.prostate);
    }
  }
  const filling = bladder * Math.sqrt(Math.max(0, 1 - ((position - 1) / 0.62) ** 2));
  if (filling > 0.08) {
    const pouch = {
      x: shiftX - lean / 2,
      y: shiftY + 20,
      rx: 34 * filling,
      ry: 22 * filling,
      angle: lean / 40,
    };
    paintEllipse(target, pouch, WALL, PELVIS_LABELS.bladder, 3);
    paintEllipse(target, pouch, URINE, PELVIS_LABELS.bladder);
  }
  return target;
}

interface Body {
  readonly position: number;
  readonly halfWidth: number;
  readonly halfDepth: number;
  readonly fat: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly fibres: Parameters<typeof waveField>[1];
  readonly relief: Parameters<typeof waveField>[1];
}

/** Skin, the fat under it, and muscle whose fibres are parted by fat. */
function paintBody(
  target: Canvas,
  { position, halfWidth, halfDepth, fat, shiftX, shiftY, fibres, relief }: Body,
): void {
  const { width, height, pixel } = target;
  const xs = columnPlaces(target);
  const ys = rowPlaces(target);
  const bounds = { x: shiftX, y: shiftY, halfWidth: 1.12 * halfWidth, halfHeight: 1.12 * halfDepth };
  const strands = waveField(target, fibres, position * 30, bounds);
  const bumps = waveField(target, relief, position * 30, bounds);
  // A superellipse: flatter in front and behind than an ellipse.
  const bend = 2.6;
  const across = xs.map((x) => (Math.abs(x - shiftX) / halfWidth) ** bend);
  for (let row = 0; row < height; row++) {
    const y = ys[row]! - shiftY;
    const along = (Math.abs(y) / halfDepth) ** bend;
    for (let column = 0; column < width; column++) {
      const index = row * width + column;
      const x = xs[column]! - shiftX;
      const sum = across[column]! + along;
      if (sum > 1.3) continue;
      const radius = sum ** (1 / bend);
      const length = radius < 0.05 ? halfDepth : Math.sqrt(x * x + y * y) / radius;
      let depth = (1 - radius) * length + 1.2 * bumps[index]!;
      // The cleft of the seat is cut from behind.
      if (y < 0) depth = Math.min(depth, Math.abs(x) * 1.1 + (y + halfDepth - 4) + 14 * position);
      const share = coverage(-depth, pixel);
      if (share === 0) continue;
      let brightness = SKIN * share;
      brightness += (FAT - brightness) * coverage(2 - depth, pixel);
      const back = 1 + 0.35 * Math.min(1, Math.max(0, -y / 30));
      const under = depth - fat * back * (1 + 0.25 * bumps[index]!);
      const strand = coverage((Math.abs(strands[index]!) - 0.13) * 6, 2);
      const flesh = MUSCLE + 0.02 * bumps[index]! + 0.26 * strand;
      brightness += (flesh - brightness) * coverage(-under, pixel * 1.3);
      target.brightness[index] = brightness;
      if (share >= 0.5) target.labels[index] = PELVIS_LABELS.body;
    }
  }
}
