import { describe, expect, it } from "vitest";
import { prettifyError } from "zod";
import { levelConfig } from "../src/config.ts";
import { transformer, transformerSchema } from "../src/index.ts";

describe("transformerSchema", () => {
  it("writes every default out, and parses what it wrote to itself", () => {
    const config = transformerSchema.parse({ layers: 2, optimizer: { learningRate: 1e-3 } });
    expect(config).toMatchObject({ layers: 2, width: 96, optimizer: { learningRate: 1e-3, beta1: 0.9 } });
    expect(transformerSchema.parse(config)).toEqual(config);
  });

  it.each([
    [{ window: 0 }, "Too small"],
    [{ dropout: 1 }, "Too big"],
    [{ heads: "many" }, "expected a number, or a list with one for each level, received string"],
    [{ hidden: 64 }, 'Unrecognized key: "hidden"'],
  ])("refuses %j", (given, message) => {
    const { error } = transformerSchema.safeParse(given);
    expect(error && prettifyError(error)).toContain(message);
  });

  it("describes every option", () => {
    for (const [name, option] of Object.entries(transformerSchema.shape)) {
      if (name !== "optimizer") expect(option.description, name).toBeTruthy();
    }
  });
});

describe("the options of a new data set", () => {
  it.each([1, 2, 3])("are valid for %i levels, and differ from level to level", (levels) => {
    const config = transformerSchema.parse(transformer.initialOptions?.(levels));
    const windows = Array.from({ length: levels }, (_, level) => levelConfig(config, level).window);
    expect(windows).toEqual([8, 4, 2].slice(0, levels));
    const rates = windows.map((_, level) => levelConfig(config, level).optimizer.learningRate);
    expect(new Set(rates).size).toBe(levels);
  });
});
