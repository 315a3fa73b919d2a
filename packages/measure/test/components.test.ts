import { readFileSync } from "node:fs";
import { createEngine, type Engine } from "@slicebook/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { reconstructByComponents } from "../src/components.ts";

const golden = z
  .object({
    cases: z.array(z.object({ most: z.number(), components: z.number(), images: z.array(z.number()) })),
  })
  .parse(JSON.parse(readFileSync(new URL("golden/components.json", import.meta.url), "utf8")));

const pixels = 40;

/** The formula of golden/make_components.py. */
function wave(count: number, phase: number): Float32Array {
  return Float32Array.from({ length: count * pixels }, (_, index) =>
    Math.sin(1.7 * index + ((0.3 * index * index) % 11) + phase),
  );
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: "onnx", threads: 1 });
});
afterAll(() => engine.dispose());

describe("reconstructByComponents", () => {
  it.each(golden.cases)("equals NumPy's singular vectors: at most $most", async ({ most, ...expected }) => {
    const options = { training: wave(12, 0), images: wave(3, 5), pixels, most };
    const found = await reconstructByComponents(engine, options);
    expect(found.components).toBe(expected.components);
    for (const [index, value] of found.images.entries()) {
      expect(Math.abs(value - expected.images[index]!)).toBeLessThan(1e-4);
    }
  });

  it("restores what training images span, and counts directions once however often they come", async () => {
    const three = wave(3, 0);
    const training = Float32Array.from([...three, ...three, ...three]);
    const images = three.subarray(0, pixels);
    const found = await reconstructByComponents(engine, { training, images, pixels, most: 9 });
    expect(found.components).toBe(2);
    for (const [index, value] of found.images.entries()) expect(value).toBeCloseTo(images[index]!, 4);
  });
});
