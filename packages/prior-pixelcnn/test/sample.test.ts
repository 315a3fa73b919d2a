import type { TensorEngine } from "@slicebook/base";
import type { SampleOptions } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { LevelConfig } from "../src/config.ts";
import { pixelcnn, pixelcnnSchema } from "../src/index.ts";
import { codeSpace, type Grid, livelyWeights, sampleNaively, smallConfig } from "./helpers.ts";

const engines = {
  cpu: await createEngine({ kind: "cpu" }),
  onnx: await createEngine({ kind: "onnx" }),
};

interface Case {
  readonly space: Grid;
  readonly config: Partial<LevelConfig>;
  readonly options?: Partial<SampleOptions>;
}

const cases: Record<string, Case> = {
  "square, the defaults' kernels": {
    space: { codes: 7, rows: 6, columns: 6, classes: 0 },
    config: { firstKernel: 7, kernel: 3 },
  },
  "high and narrow": { space: { codes: 5, rows: 9, columns: 3, classes: 0 }, config: { layers: 2 } },
  "low and wide": { space: { codes: 5, rows: 2, columns: 11, classes: 0 }, config: { layers: 4 } },
  "one row": { space: { codes: 4, rows: 1, columns: 7, classes: 0 }, config: {} },
  "one column": { space: { codes: 4, rows: 7, columns: 1, classes: 0 }, config: {} },
  "one layer": {
    space: { codes: 4, rows: 5, columns: 4, classes: 0 },
    config: { layers: 1, firstKernel: 3 },
  },
  "kernels larger than the grid": {
    space: { codes: 6, rows: 3, columns: 4, classes: 0 },
    config: { firstKernel: 11, kernel: 9 },
  },
  "first kernel smaller than the others": {
    space: { codes: 6, rows: 5, columns: 5, classes: 0 },
    config: { firstKernel: 3, kernel: 5, layers: 5 },
  },
  "without attention": {
    space: { codes: 6, rows: 5, columns: 5, classes: 0 },
    config: { attention: { count: 0, heads: 1, width: 1, stride: 1 } },
  },
  "attention to every code above": {
    space: { codes: 6, rows: 5, columns: 4, classes: 0 },
    config: { attention: { count: 2, heads: 3, width: 5, stride: 1 }, layers: 4 },
  },
  "attention to blocks that fill neither rows nor columns": {
    space: { codes: 6, rows: 8, columns: 7, classes: 2 },
    config: { attention: { count: 3, heads: 2, width: 4, stride: 3 }, layers: 5 },
    options: { conditions: { labels: [1, 0, 1] } },
  },
  "weights of its own for logits": {
    space: { codes: 6, rows: 4, columns: 5, classes: 0 },
    config: { tied: false },
  },
  "without position bias": {
    space: { codes: 6, rows: 4, columns: 5, classes: 0 },
    config: { positionBias: false },
  },
  classes: {
    space: { codes: 6, rows: 4, columns: 5, classes: 3 },
    config: {},
    options: { conditions: { labels: [2, 0, 1] } },
  },
  "slices at given positions of their scans": {
    space: { codes: 6, rows: 4, columns: 5, classes: 2 },
    config: { slicePosition: true },
    options: { conditions: { slicePositions: [0, 0.4, 1], labels: [0, 1, 1] } },
  },
  "slices from anywhere in their scans": {
    space: { codes: 6, rows: 5, columns: 4, classes: 0 },
    config: { slicePosition: true },
  },
  "a grid completed from its upper half": {
    space: { codes: 6, rows: 6, columns: 5, classes: 0 },
    config: {},
    options: {
      given: [
        {
          codes: Array.from({ length: 30 }, (_, at) => (7 * at) % 6),
          known: Array.from({ length: 30 }, (_, at) => (at < 15 ? 1 : 0)),
        },
      ],
    },
  },
  "a grid with holes": {
    space: { codes: 6, rows: 6, columns: 5, classes: 0 },
    config: { attention: { count: 1, heads: 2, width: 4, stride: 2 } },
    options: {
      given: [
        {
          codes: Array.from({ length: 30 }, (_, at) => (5 * at) % 6),
          known: Array.from({ length: 30 }, (_, at) => (at % 7 < 3 || at % 5 === 4 ? 1 : 0)),
        },
      ],
    },
  },
  "regions of known codes, long and short, of grids with attention": {
    space: { codes: 9, rows: 7, columns: 11, classes: 2 },
    config: { layers: 3, attention: { count: 1, heads: 2, width: 4, stride: 2 } },
    options: {
      conditions: { labels: [0, 1, 0] },
      given: [
        {
          codes: Array.from({ length: 77 }, (_, at) => at % 9),
          // Two runs in a row, one after another, at the edges, whole rows.
          known: [
            "11111111111",
            "11110011001",
            "11101111110",
            "01111111111",
            "00000000000",
            "11111111100",
            "11111111111",
          ]
            .join("")
            .split("")
            .map(Number),
        },
      ],
    },
  },
  "low temperature": {
    space: { codes: 9, rows: 5, columns: 4, classes: 0 },
    config: {},
    options: { temperature: 0.6 },
  },
  "high temperature, cut to the likeliest": {
    space: { codes: 9, rows: 5, columns: 4, classes: 2 },
    config: {},
    options: { temperature: 1.4, topK: 6, topP: 0.9, conditions: { labels: [1, 1, 0] } },
  },
};

/** What is computed eagerly too, op by op, which takes ten times as long. */
const EAGER = ["one column", "kernels larger than the grid", "classes", "a grid with holes"];

describe.each([
  ["onnx", Object.keys(cases)],
  ["cpu", EAGER],
] as const)("sample with the engine %s", (kind, names) => {
  it.each(names)("draws what a pass for every position draws: %s", async (name) => {
    const given = cases[name]!;
    const engine = engines[kind];
    const config = smallConfig(given.config);
    const weights = livelyWeights(config, given.space);
    const options = { count: 3, seed: 11, ...given.options };
    const space = codeSpace(given.space);
    const drawn = await pixelcnn.bind(config, space).sample(engine, weights, options);
    expect(drawn).toEqual(await sampleNaively(config, space, engine, weights, options));
    expect(new Set(drawn[0]).size).toBeGreaterThan(2);
  });
});

describe("sample of several levels", () => {
  const fine = { codes: 6, rows: 6, columns: 8 };
  it.each([
    ["onnx", "a coarse grid and a fine one", [{ codes: 5, rows: 3, columns: 4 }, fine], 0],
    ["onnx", "three of one size, with classes", [fine, fine, { ...fine, codes: 4 }], 2],
    ["onnx", "grids whose sides do not divide", [{ codes: 5, rows: 4, columns: 3 }, fine], 0],
    ["cpu", "grids whose sides do not divide", [{ codes: 5, rows: 4, columns: 3 }, fine], 0],
  ] as const)("draws with %s what passes for every position draw: %s", async (kind, _, levels, classes) => {
    const engine = engines[kind];
    const space = { levels, classes };
    const config = smallConfig({ layers: 2 });
    const weights = livelyWeights(config, space);
    const given = { codes: new Array(48).fill(3), known: Array.from({ length: 48 }, (_, at) => at % 2) };
    const options = { count: 3, seed: 4, conditions: { labels: [0, 1, 0] }, given: [undefined, given] };
    const rows: string[] = [];
    const drawn = await pixelcnn.bind(config, space).sample(engine, weights, {
      ...options,
      onRow: ({ level, row, codes }) => rows.push(`${level} ${row} ${codes.length}`),
    });
    expect(drawn).toEqual(await sampleNaively(config, space, engine, weights, options));
    expect(rows).toEqual(
      levels.flatMap((one, level) =>
        Array.from({ length: one.rows }, (_, row) => `${level} ${row} ${3 * one.columns}`),
      ),
    );
  });
});

it("continues from levels that are drawn already, as in one go, with options of each level's own", async () => {
  const levels = [3, 6, 12].map((rows, level) => ({ codes: 4 + level, rows, columns: 2 * rows }));
  const space = { levels, classes: 0 };
  const config = pixelcnnSchema.parse({ ...smallConfig(), layers: [3, 2, 1], hidden: [6, 4] });
  const prior = pixelcnn.bind(config, space);
  const weights = livelyWeights(config, space);
  const options = { count: 2, seed: 3, temperature: [1, 0.5, 2], topP: [1, 0.8] };
  const whole = await prior.sample(engines.onnx, weights, options);
  expect(whole).toEqual(await sampleNaively(config, space, engines.onnx, weights, options));
  const coarse = await prior.sample(engines.onnx, weights, { ...options, levels: 1 });
  expect(coarse).toEqual(whole.slice(0, 1));
  expect(await prior.sample(engines.onnx, weights, { ...options, drawn: coarse })).toEqual(whole);
  await expect(prior.sample(engines.onnx, weights, { ...options, drawn: [whole[1]!] })).rejects.toThrow(
    "sample: drawn.0: expected 36 codes, found 144",
  );
});

describe("sample", () => {
  const space = { codes: 6, rows: 3, columns: 4, classes: 2 };
  const config = smallConfig();
  const prior = pixelcnn.bind(config, codeSpace(space));
  const weights = livelyWeights(config, space);
  const size = space.rows * space.columns;
  const conditions = (count: number) => ({
    labels: Array.from({ length: count }, (_, index) => index % 2),
  });

  it.each(Object.entries(engines))(
    "draws the same grid however many are drawn with it: %s",
    async (_, engine) => {
      const draw = async (count: number) =>
        (await prior.sample(engine, weights, { count, seed: 5, conditions: conditions(count) }))[0]!;
      // 35 needs three rounds of 16 lanes.
      const many = await draw(35);
      for (const count of [1, 2, 16, 17]) expect(await draw(count)).toEqual(many.subarray(0, count * size));
      const grids = Array.from({ length: 35 }, (_, index) =>
        many.subarray(index * size, (index + 1) * size).join(),
      );
      expect(new Set(grids).size).toBeGreaterThan(30);
    },
  );

  it("repeats itself for a seed, and differs for another one, label or temperature", async () => {
    const draw = (changes: Partial<SampleOptions>) =>
      prior.sample(engines.onnx, weights, { count: 2, seed: 5, conditions: conditions(2), ...changes });
    const first = await draw({});
    expect(await draw({})).toEqual(first);
    expect(await draw({ seed: 6 })).not.toEqual(first);
    expect(await draw({ conditions: { labels: [1, 0] } })).not.toEqual(first);
    expect(await draw({ temperature: 3 })).not.toEqual(first);
  });

  it("draws other codes for other positions in the scan, and only takes numbers from 0 to 1", async () => {
    const config = smallConfig({ slicePosition: true });
    const placed = pixelcnn.bind(config, codeSpace(space));
    const placedWeights = livelyWeights(config, space);
    const draw = (...slicePositions: number[]) =>
      placed.sample(engines.onnx, placedWeights, {
        count: 2,
        seed: 5,
        conditions: { labels: [0, 1], slicePositions },
      });
    const first = await draw(0.2, 0.9);
    expect(await draw(0.2, 0.9)).toEqual(first);
    expect((await draw(0.2, 0.1))[0]!.subarray(0, size)).toEqual(first[0]!.subarray(0, size));
    expect(await draw(0.2, 0.1)).not.toEqual(first);
    await expect(draw(0.2, 1.5)).rejects.toThrow(
      "sample: slicePositions: expected numbers from 0 to 1, or -1 where it is not known, found 1.5",
    );
    await expect(draw(0.2)).rejects.toThrow("expected one for each of the 2 samples, found 1 of them");
    const options = { count: 1, seed: 5, conditions: { labels: [0], slicePositions: [0.5] } };
    await expect(prior.sample(engines.onnx, weights, options)).rejects.toThrow(
      "expected none, since the prior is not conditioned on them",
    );
  });

  it("draws none for a count of 0", async () => {
    expect(
      await prior.sample(engines.cpu, weights, { count: 0, seed: 1, conditions: { labels: [] } }),
    ).toEqual([new Int32Array(0)]);
  });

  it("reports its progress in codes, by rows", async () => {
    const reports: [number, number][] = [];
    const onProgress = (...report: [number, number]) => reports.push(report);
    await prior.sample(engines.onnx, weights, { count: 17, seed: 5, conditions: conditions(17), onProgress });
    expect(reports).toEqual(
      [16 * 4, 16 * 8, 16 * 12, 16 * 12 + 4, 16 * 12 + 8, 16 * 12 + 12].map((done) => [done, 17 * 12]),
    );
  });

  it("keeps the codes that are given, and gives all rows as they come", async () => {
    const codes = Array.from({ length: size }, (_, at) => at % 6);
    const known = codes.map((_, at) => (at % 3 === 0 ? 1 : 0));
    const grown = new Int32Array(18 * size);
    const [drawn] = await prior.sample(engines.onnx, weights, {
      count: 18,
      seed: 5,
      conditions: conditions(18),
      given: [{ codes, known }],
      onRow: ({ row, first, codes: some }) =>
        some.forEach((code, at) => {
          const [sample, column] = [first + Math.floor(at / space.columns), at % space.columns];
          grown[sample * size + row * space.columns + column] = code;
        }),
    });
    expect(grown).toEqual(drawn);
    drawn!.forEach((code, at) => {
      if (known[at % size]) expect(code).toBe(codes[at % size]);
    });
    const [free] = await prior.sample(engines.onnx, weights, {
      count: 18,
      seed: 5,
      conditions: conditions(18),
    });
    expect(free).not.toEqual(drawn);
  });

  it("fills a region for the cost of the codes that are masked, in as many lanes as samples", async () => {
    const fine = { codes: 6, rows: 12, columns: 16 };
    const space = { levels: [{ codes: 5, rows: 6, columns: 8 }, fine], classes: 0 };
    const weights = livelyWeights(config, space);
    const codes = new Array(192).fill(1);
    const masked = (at: number) => {
      const [row, column] = [Math.floor(at / 16), at % 16];
      return row >= 5 && row < 8 && column >= 9 && column < 13;
    };
    const known = codes.map((_, at) => Number(!masked(at)));
    const steps: Record<string, number> = {};
    const lanes = new Set<number>();
    const counting: TensorEngine = {
      compile: engines.cpu.compile,
      async loop(step, carry, inputs, options) {
        const loop = await engines.cpu.loop(step, carry, inputs, options);
        const name = "row" in inputs ? "rows" : "codes";
        lanes.add(inputs.previous!.shape[0]!);
        return {
          ...loop,
          next: (values) => {
            steps[name] = (steps[name] ?? 0) + 1;
            return loop.next(values);
          },
        };
      },
    };
    const reports: number[][] = [];
    const rows: number[] = [];
    const coarse = { codes: new Array(48).fill(2), known: new Array(48).fill(1) };
    const drawn = await pixelcnn.bind(config, space).sample(counting, weights, {
      count: 2,
      seed: 5,
      given: [coarse, { codes, known }],
      onProgress: (...report) => reports.push(report),
      onRow: ({ row }) => rows.push(row),
    });
    // Three rows of four codes; the eight rows to the last of them; nothing of the level that is known.
    expect(steps).toEqual({ codes: 12, rows: 8 });
    expect([...lanes]).toEqual([2]);
    expect(reports.at(-1)).toEqual([24, 24]);
    expect(rows).toEqual([...Array(6).keys(), ...Array(12).keys()]);
    expect(drawn[0]).toEqual(new Int32Array(96).fill(2));
    for (const [at, code] of drawn[1]!.entries()) if (!masked(at % 192)) expect(code).toBe(1);
  });

  it("stops when it is told to, with the signal's reason, and leaves no tensors behind", async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const reason = new Error("enough");
    const drawn = prior.sample(engines.cpu, weights, {
      count: 1,
      seed: 5,
      conditions: { labels: [0] },
      onProgress: () => controller.abort(reason),
      signal: controller.signal,
    });
    await expect(drawn).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ count: 1.5 }, "sample: count: expected a whole number, 0 or more, found 1.5"],
    [
      { temperature: -1 },
      "sample: temperature: expected a number, 0 (the likeliest code always) or more, found -1",
    ],
    [{ topK: 0 }, "sample: topK: expected a whole number, 1 or more, found 0"],
    [{ topP: 1.1 }, "sample: topP: expected a number above 0 and at most 1, found 1.1"],
    [
      { conditions: {} },
      "sample: labels: expected one for each of the 2 samples, since the prior has 2 classes, found none",
    ],
    [
      { conditions: { labels: [1] } },
      "sample: labels: expected one for each of the 2 samples, since the prior has 2 classes, found 1 of them",
    ],
    [{ given: [{ codes: [1], known: [1] }] }, "sample: given.0.codes: expected 3×4 numbers, found 1"],
    [
      { given: [{ codes: new Array(12).fill(6), known: new Array(12).fill(1) }] },
      "sample: given.0.codes: expected whole numbers from 0 to 5 where they are known, found 6",
    ],
    [{ conditions: { labels: [0, 2] } }, "sample: labels: expected whole numbers from 0 to 1, found 2"],
  ])("refuses %j", async (changes, message) => {
    const options = { count: 2, seed: 1, conditions: conditions(2), ...changes };
    await expect(prior.sample(engines.cpu, weights, options)).rejects.toMatchObject({
      code: "SAMPLE_OPTIONS",
      message,
    });
  });
});
