import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { pictureDistances } from "../src/index.ts";

const size = { height: 24, width: 32 };
const PIXELS = 768;

/** Discs of a brightness and size of their own on black; slices of a subject are alike. */
function discs(subjects: number, seed: number) {
  const images = new Float32Array(subjects * 2 * PIXELS);
  const names: string[] = [];
  for (let index = 0; index < 2 * subjects; index++) {
    const draw = random(seed, "subject", index >> 1);
    const [radius, grey] = [7 + 4 * draw.uniform(), 2 + draw.uniform()];
    const noise = random(seed, "noise", index);
    for (let at = 0; at < PIXELS; at++) {
      const away = Math.hypot(Math.floor(at / 32) - 12, (at % 32) - 16 - (index % 2));
      images[index * PIXELS + at] = -1 + (away < radius ? grey + 0.1 * noise.normal() : 0);
    }
    names.push(`subject ${index >> 1}`);
  }
  return { images, subjects: names };
}

const test = discs(10, 1);
const training = discs(8, 2);
const reconstructions = test.images.map((value) => 0.95 * value);
const sets = (samples: Float32Array) => ({
  size,
  samples,
  test,
  reconstructions,
  smooth: { samples, reconstructions },
  training,
  range: { minimum: -1, range: 3.5 },
  seed: 4,
});

describe("distances of pictures", () => {
  it("put real slices at the floor, and slices on a grey background far off, on one scale for all", async () => {
    const real = await pictureDistances(sets(discs(8, 3).images));
    expect(real.counts).toEqual({ samples: 16, training: 16, test: 20, testSubjects: 10 });
    expect(real.neighbours!.size).toEqual([12, 16]);
    expect(real.slicedWasserstein!.levels.map((level) => level.size)).toEqual([
      [24, 32],
      [12, 16],
    ]);
    expect(Math.abs(real.auc!.samples - real.auc!.floor)).toBeLessThan(0.25);
    expect(real.slicedWasserstein!.mean.samples).toBeLessThan(2 * real.slicedWasserstein!.mean.floor);
    // The same slices, their background lifted: each stretched over its own range would look as it did.
    const grey = await pictureDistances(
      sets(discs(8, 3).images.map((value) => (value === -1 ? -0.4 : value))),
    );
    expect(grey.auc!.samples).toBeGreaterThan(0.95);
    expect(grey.aucAgainstReconstructions).toBeGreaterThan(0.95);
    expect(grey.neighbours!.density.samples).toBeLessThan(real.neighbours!.density.samples);
    expect(grey.slicedWasserstein!.mean.samples).toBeGreaterThan(2 * real.slicedWasserstein!.mean.samples);
    // Nothing else has changed.
    expect(grey.auc!.floor).toBe(real.auc!.floor);
    expect(grey.slicedWasserstein!.mean.reconstructions).toBe(real.slicedWasserstein!.mean.reconstructions);
  });

  it("depend on the seed only, and not on the unit of the pixels", async () => {
    const found = await pictureDistances(sets(training.images));
    expect(await pictureDistances(sets(training.images))).toEqual(found);
    expect(found.slicedWasserstein!.mean.samples).toBe(found.slicedWasserstein!.mean.floor);
    expect(found.neighbours!.coverage.samples).toBe(found.neighbours!.coverage.floor);
    const unit = (images: Float32Array) => images.map((value) => 8 * value + 2);
    const other = await pictureDistances({
      ...sets(unit(training.images)),
      test: { ...test, images: unit(test.images) },
      reconstructions: unit(sets(training.images).reconstructions),
      training: { ...training, images: unit(training.images) },
      range: { minimum: -6, range: 28 },
    });
    expect(other.auc).toEqual(found.auc);
    expect(other.neighbours).toEqual(found.neighbours);
    expect(other.slicedWasserstein!.mean.samples).toBeCloseTo(found.slicedWasserstein!.mean.samples, 5);
  });

  it("leave out what too few slices, subjects or pixels do not allow", async () => {
    const one = { images: test.images.slice(0, 2 * PIXELS), subjects: test.subjects.slice(0, 2) };
    const few = await pictureDistances({ ...sets(training.images), test: one, reconstructions: one.images });
    expect([few.auc, few.aucAgainstReconstructions, few.neighbours]).toEqual([null, null, null]);
    expect(few.slicedWasserstein!.mean.reconstructions).toBe(0);
    const tiny = { images: new Float32Array(4 * 24), subjects: ["a", "a", "b", "b"] };
    const small = await pictureDistances({
      size: { height: 4, width: 6 },
      samples: tiny.images,
      test: tiny,
      reconstructions: tiny.images,
      smooth: { samples: tiny.images, reconstructions: tiny.images },
      training: tiny,
      range: { minimum: 0, range: 0 },
      seed: 0,
    });
    expect(small.slicedWasserstein).toBeNull();
    expect(small.auc!.samples).toBe(0.5);
  });

  it("stop when they are interrupted", async () => {
    const signal = AbortSignal.abort();
    await expect(pictureDistances({ ...sets(training.images), signal })).rejects.toThrow("nterrupted");
  });
});
