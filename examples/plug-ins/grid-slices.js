// Slices in files of text: a line with height and width, then a line of greys, 0 to 255, for each row.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A subject's folder and a slice's number, in the folder of a split: `train/p07/3.grid`. */
const NAME = /^(\w+)[\\/](\d+)\.grid$/;

export default {
  name: "grid-slices",
  description: "a folder for each split, one for each subject in it, and files such as 3.grid",
  schema: z.strictObject({
    invert: z.boolean().default(false).describe("Turn light into dark."),
  }),
  defaultSize: () => [32, 32],
  async list({ root }) {
    const [records, ignored] = [[], []];
    for (const split of ["train", "validate", "test"]) {
      const folder = join(root, split);
      const files = await readdir(folder, { recursive: true });
      for (const file of files.filter((path) => /\.\w+$/.test(path)).sort()) {
        const [, subject, slice] = NAME.exec(file) ?? [];
        const path = join(folder, file);
        if (subject === undefined) ignored.push(path);
        else records.push({ path, split, subject, slice: Number(slice), name: `${subject}-${slice}` });
      }
    }
    const pattern = (split) => `${split}/SUBJECT/NUMBER.grid`;
    return {
      records,
      ignored,
      places: { train: pattern("train"), validate: pattern("validate"), test: pattern("test") },
    };
  },
  async decode({ path }, { options }) {
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    const [[height, width], ...rows] = lines.map((line) => line.trim().split(/\s+/).map(Number));
    const values = Uint8Array.from(rows.flat(), (grey) => (options.invert ? 255 - grey : grey));
    return { height, width, values, type: "uint8" };
  },
};
