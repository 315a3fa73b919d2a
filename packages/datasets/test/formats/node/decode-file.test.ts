import { expect, it } from "vitest";
import { decodeFile } from "../../../src/node.ts";
import cases from "../../golden/kinds.json" with { type: "json" };
import { temporaryFolder } from "../../temporary-folder.ts";

it.each(cases)("reads as tifffile and Pillow, or refuses: $name", async ({ file, error, ...expected }) => {
  const path = `${await temporaryFolder({ file: Buffer.from(file, "base64") })}/file`;
  if (error !== undefined) {
    const reason = error === null ? /cannot be read: / : `cannot be read: ${error}`;
    await expect(decodeFile(path)).rejects.toThrow(reason);
    return;
  }
  const { type, height, width, values } = await decodeFile(path);
  expect({ type, shape: [height, width] }).toEqual({ type: expected.type, shape: expected.shape });
  // Alpha is a ratio, which both round.
  for (const [pixel, value] of values.entries()) expect(value).toBeCloseTo(expected.values![pixel]!, 4);
});
