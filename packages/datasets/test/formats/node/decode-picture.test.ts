import { describe, expect, it } from "vitest";
import { decodePicture } from "../../../src/node.ts";
import cases from "../../golden/pictures.json" with { type: "json" };

describe("decodePicture", () => {
  it.each(cases)("gives Pillow's grey values: $name", async ({ file, type, shape, values }) => {
    const slice = await decodePicture(Buffer.from(file, "base64"));
    expect(slice.type).toBe(type);
    expect([slice.height, slice.width]).toEqual(shape);
    expect([...slice.values]).toEqual(values);
  });
});
