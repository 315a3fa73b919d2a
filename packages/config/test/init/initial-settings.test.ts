import { readFile } from "node:fs/promises";
import { presets } from "@slicebook/core";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configSchema } from "../../src/config.ts";
import { initialSettings } from "../../src/init/initial-settings.ts";

describe("what a new data set starts with", () => {
  it("is what configs/oasis.yaml ships for slices of its size, but for mirroring, which the sides must allow", async () => {
    const path = new URL("../../../../configs/oasis.yaml", import.meta.url);
    const shipped = configSchema.parse(parse(await readFile(path, "utf8")));
    const { dataset, run, seed, engine } = shipped;
    const started = configSchema.parse({
      dataset,
      run,
      seed,
      engine,
      ...(await initialSettings([256, 256], "patch")),
    });
    expect(started).toEqual({
      ...shipped,
      prior: { ...shipped.prior, augment: { ...shipped.prior.augment, flip: false } },
    });
  });

  it("is, to compress, a rate alone, from which the grids of codes follow", async () => {
    const settings = await initialSettings([256, 128], "codec");
    expect(settings.model).toEqual({ preset: "codec", rate: presets.codec.rate });
    const dataset = { adapter: "folder", root: "slices", size: [256, 128], options: {} };
    expect(configSchema.parse({ dataset, ...settings }).model).toEqual(presets.codec);
  });

  it.each([
    [[32, 32], 1],
    [[64, 48], 1],
    [[128, 64], 2],
    [[256, 128], 3],
    [[512, 512], 3],
  ] as const)(
    "has as many grids for %j as bring the coarsest to 16 codes a side: %i",
    async (size, hierarchy) => {
      const settings = await initialSettings(size, "patch");
      expect(settings.model).toMatchObject({ hierarchy });
      const dataset = { adapter: "folder", root: "slices", size: [...size], options: {} };
      expect(() => configSchema.parse({ dataset, ...settings })).not.toThrow();
    },
  );
});
