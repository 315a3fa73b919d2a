import { describe, expect, it } from "vitest";
import { prettifyError } from "zod";
import { levelConfig } from "../src/config.ts";
import { pixelcnn, pixelcnnSchema } from "../src/index.ts";

describe("pixelcnnSchema", () => {
  it("writes every default out, and parses what it wrote to itself", () => {
    const config = pixelcnnSchema.parse({ layers: 4, optimizer: { learningRate: 1e-3 } });
    expect(config).toMatchObject({ layers: 4, kernel: 3, optimizer: { learningRate: 1e-3, beta1: 0.9 } });
    expect(pixelcnnSchema.parse(config)).toEqual(config);
    expect(pixelcnn.schema.parse({})).toEqual(pixelcnnSchema.parse({ optimizer: {} }));
  });

  it.each([
    [{ kernel: 4 }, "expected an odd number, received 4"],
    [{ firstKernel: 1 }, "Too small"],
    [{ layers: 0 }, "Too small"],
    [{ dropout: 1 }, "Too big"],
    [{ layers: "many" }, "expected a number, or a list with one for each level, received string"],
    [{ hidden: [] }, "Too small"],
    [{ widht: 64 }, 'Unrecognized key: "widht"'],
    [{ optimizer: { rate: 1 } }, 'Unrecognized key: "rate"'],
  ])("refuses %j", (given, message) => {
    const { error } = pixelcnnSchema.safeParse(given);
    expect(error && prettifyError(error)).toContain(message);
  });

  it("takes a learning rate for each level, the last for those after it", () => {
    const config = pixelcnnSchema.parse({ optimizer: { learningRate: [2e-3, 1e-3] } });
    const rates = [0, 1, 2].map((level) => levelConfig(config, level).optimizer.learningRate);
    expect(rates).toEqual([2e-3, 1e-3, 1e-3]);
  });

  it("describes every option", () => {
    for (const [name, option] of Object.entries(pixelcnnSchema.shape)) {
      if (name !== "optimizer") expect(option.description, name).toBeTruthy();
    }
  });
});
