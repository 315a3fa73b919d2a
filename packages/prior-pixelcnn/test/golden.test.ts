import { readFile } from "node:fs/promises";
import type { SampleOptions } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { expect, it } from "vitest";
import type { LevelConfig } from "../src/config.ts";
import { pixelcnn } from "../src/index.ts";
import { livelyWeights, smallConfig } from "./helpers.ts";

const golden = JSON.parse(await readFile(new URL("golden/samples.json", import.meta.url), "utf8"));

const levels = [
  { codes: 9, rows: 4, columns: 5 },
  { codes: 7, rows: 8, columns: 10 },
];
const known = Array.from({ length: 80 }, (_, at) => Number(at % 10 > 3 || at < 20));

const cases: Readonly<Record<string, [Partial<LevelConfig>, classes: number, SampleOptions]>> = {
  "codes cut to likely ones": [{}, 0, { count: 3, seed: 11, temperature: [1, 0.8], topP: 0.95, topK: 6 }],
  "more samples than lanes, of two classes": [
    { slicePosition: true, attention: { count: 2, heads: 2, width: 4, stride: 2 }, layers: 4 },
    2,
    { count: 18, seed: 12, conditions: { labels: Array.from({ length: 18 }, (_, at) => at % 2) } },
  ],
  "codes that are given": [
    { slicePosition: true, tied: false },
    0,
    {
      count: 2,
      seed: 13,
      conditions: { slicePositions: [0.2, 0.9] },
      given: [undefined, { codes: known.map((_, at) => at % 7), known }],
    },
  ],
};

it.each(Object.entries(cases))("draws the codes on record: %s", async (name, given) => {
  const [changes, classes, options] = given;
  const config = smallConfig(changes);
  const prior = pixelcnn.bind(config, { levels, classes });
  const engine = await createEngine({ kind: "onnx" });
  const drawn = await prior.sample(engine, livelyWeights(config, { levels, classes }), options);
  expect(drawn.map((codes) => codes.join(""))).toEqual(golden[name]);
});
