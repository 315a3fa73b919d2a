import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import {
  type CovariateTable,
  checkCovariates,
  drawCovariates,
  encodeCovariates,
  learnCovariates,
} from "../src/index.ts";
import { listDataset } from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const FILES = Object.fromEntries(
  ["train/p1_0.png", "train/p1_1.png", "train/p2_0.png", "validate/p3_0.png", "test/p4_0.png"].map((path) => [
    path,
    "not read",
  ]),
);
const options = { pattern: "{split}/{subject}_{slice}.png" };

/** What the folder's file says of its slices, in their order. */
async function known(csv: string, more: object = {}) {
  const root = await temporaryFolder({ ...FILES, "covariates.csv": csv });
  const { records, covariates, fingerprint } = await listDataset({
    adapter: "folder",
    root,
    options,
    ...more,
  });
  const found = covariates();
  return {
    file: join(root, "covariates.csv"),
    values: found && records.map(found.of),
    warnings: found?.warnings.map((text) => text.replace(root, "ROOT")),
    fingerprint: found?.fingerprint,
    slices: await fingerprint(),
  };
}

describe("a file of covariates", () => {
  it("says what is known of subjects, or of slices, and leaves the rest unknown", async () => {
    const { values, warnings } = await known("subject,age,sex\np1,70,F\np2,,M\n\np4, 30.5 ,\n");
    expect(values).toEqual([{ age: 70, sex: "F" }, { age: 70, sex: "F" }, { sex: "M" }, {}, { age: 30.5 }]);
    expect(warnings).toEqual([]);
    const ofSlices = await known('\uFEFFslice;coil;note\r\np1_0;head;\r\np1_1;body;"a; b"\r\n');
    expect(ofSlices.values).toEqual([{ coil: "head" }, { coil: "body", note: "a; b" }, {}, {}, {}]);
  });

  it("decides no slice, and is another with other values only", async () => {
    const first = await known("subject,age\np1,70\np2,50\n");
    const same = await known("subject,age\np2,50\np1,70.0\n");
    const other = await known("subject,age\np1,70\np2,51\n");
    expect(same.fingerprint).toBe(first.fingerprint);
    expect(other.fingerprint).not.toBe(first.fingerprint);
    expect(new Set([first.slices, same.slices, other.slices]).size).toBe(1);
  });

  it("is left alone where it is not wanted, and may be another", async () => {
    expect((await known("subject,age\np1,70\n", { covariates: false })).values).toBeUndefined();
    const root = await temporaryFolder({ ...FILES, "more/ages.tsv": "subject\tage\np1\t70\n" });
    const { covariates, records } = await listDataset({
      adapter: "folder",
      root,
      options,
      covariates: "more/ages.tsv",
    });
    expect(covariates()!.of(records[0]!)).toEqual({ age: 70 });
  });

  it("is told of what has no use", async () => {
    const { warnings } = await known("subject,age\np1,70\np2,80\np3,75\np4,NA\np9,60\n");
    expect(warnings).toEqual([
      "ROOT/covariates.csv:6: the data set has no subject p9; it has p1, p2, p3 and 1 more",
      'ROOT/covariates.csv:5: age is "NA" here and a number in most lines, so that it is taken for a choice of texts; leave cells empty where it is not known',
    ]);
  });

  it("may have decimal commas where these do not part cells", async () => {
    const { values } = await known("subject;age\np1;70,5\np2;-3,25\n");
    expect(values!.slice(1, 3)).toEqual([{ age: 70.5 }, { age: -3.25 }]);
  });

  it.each([
    [
      "subject,age\n",
      ["ROOT/covariates.csv has no line but that of the names: nothing is known of any slice"],
    ],
    ["subject,age,sex\np1,,F\n", ["ROOT/covariates.csv: the column age is empty"]],
    [
      "subject,age\np8,70\n",
      [
        "ROOT/covariates.csv:2: the data set has no subject p8; it has p1, p2, p3 and 1 more, so that nothing is known of any slice",
      ],
    ],
  ])("is warned of where it says nothing: %j", async (csv, warnings) => {
    expect((await known(csv)).warnings).toEqual(warnings);
  });

  it("is refused in another encoding", async () => {
    const root = await temporaryFolder(FILES);
    await writeFile(join(root, "covariates.csv"), Buffer.from("subject,sex\np1,m\u00e4nnlich\n", "latin1"));
    const { covariates } = await listDataset({ adapter: "folder", root, options });
    expect(() => covariates()).toThrow("covariates.csv:1: the file is not in UTF-8");
  });

  it.each([
    ["", ":1: the file is empty"],
    ["subject,slice,age\np1,0,70\n", ":1: there is a column of slices behind that of subjects"],
    ["age,sex\n70,F\n", ':1: the first column is "age"'],
    ["subject,age,age\np1,1,2\n", ":1: two columns are named age"],
    ["subject,age,\np1,1,2\n", ":1: a column has no name"],
    ["subject,age\np1,70\n\np2,1\np1,71\n", ":5: the subject p1 is in line 2 already"],
    ["subject,age\np1,70\np2,60,1\n", ":3: "],
    ['subject,age\np1,"70\n', ":2: "],
  ])("is refused by its line: %j", async (csv, message) => {
    await expect(known(csv)).rejects.toMatchObject({
      code: "COVARIATES_INVALID",
      message: expect.stringContaining(`covariates.csv${message}`),
    });
  });
});

describe("covariates of training slices", () => {
  it("are numbers with their range and texts in their order", () => {
    const { table, leftOut } = learnCovariates([
      { values: { age: 20, sex: "M", site: "s10", "a b": 1, era: 3 } },
      { values: { age: 70, sex: "F", site: "s9", "a b": 2, era: 3 } },
      { values: { age: 45 } },
      ...Array.from({ length: 65 }, (_, number) => ({ values: { remark: `r${number}` } })),
    ]);
    expect(table.covariates).toEqual([
      { name: "age", kind: "number", low: 20, high: 70 },
      { name: "sex", kind: "category", categories: ["F", "M"] },
      { name: "site", kind: "category", categories: ["s9", "s10"] },
    ]);
    expect(leftOut).toEqual([
      "a b is left out: a name may have letters, digits, _ and - only",
      "era is left out: all training slices have 3",
      "remark is left out: it has 65 texts, and a choice has at most 64",
    ]);
    expect(encodeCovariates(table.covariates, { age: 45, site: "s10" })).toEqual([0.5, undefined, 1]);
    expect(encodeCovariates(table.covariates, { age: 99, sex: "X" })).toEqual([1, undefined, undefined]);
    expect(learnCovariates([{ values: {} }]).table.covariates).toEqual([]);
  });

  const table: CovariateTable = learnCovariates([
    ...Array.from({ length: 30 }, () => ({ label: "AD", values: { age: 80, sex: "F" } })),
    ...Array.from({ length: 10 }, () => ({ label: "AD", values: { age: 70, sex: "M" } })),
    ...Array.from({ length: 20 }, () => ({ label: "NC", values: { age: 30, sex: "M" } })),
    { label: "NC", values: { sex: "F" } },
  ]).table;
  const drawn = (wanted: Record<string, number | string>, label?: string) =>
    Array.from({ length: 400 }, (_, sampleNumber) =>
      drawCovariates(table, { seed: 1, sampleNumber, label, wanted }),
    );

  it("are drawn together, as often as slices have them, of a sample's class", () => {
    const all = drawn({}, "AD");
    const women = all.filter(({ sex }) => sex === "F");
    expect(women.every(({ age }) => age === 80)).toBe(true);
    expect(women.length / all.length).toBeCloseTo(0.75, 1);
    expect(all.every(({ age, sex }) => age === (sex === "F" ? 80 : 70))).toBe(true);
  });

  it("stay as they are asked for, with others that come with them", () => {
    expect(drawn({ age: 72 }, "AD").every(({ age, sex }) => age === 72 && sex === "M")).toBe(true);
    expect(drawn({ sex: "F" }, "NC").every((one) => one.age === undefined)).toBe(true);
    // No slice of the class is near: any of the class.
    expect(new Set(drawn({ age: 50 }, "AD").map(({ sex }) => sex))).toEqual(new Set(["F", "M"]));
  });

  it("can be asked for within what there is", () => {
    checkCovariates(table.covariates, { age: 30, sex: "F" }, { key: "wanted" });
    for (const [wanted, message, remedy] of [
      [{ age: 81 }, /^wanted\.age: 81 is asked for, .* age \(30 to 80\)$/, "Ask for a number from 30 to 80."],
      [{ sex: "W" }, /^wanted\.sex: W is asked for, .* sex \(F, M\)$/, "Ask for one of F, M."],
      [{ ege: 50 }, /^wanted: there is no ege; .* are age \(30 to 80\), sex \(F, M\)$/, "Did you mean age?"],
    ] as const) {
      expect(() => checkCovariates(table.covariates, wanted, { key: "wanted" })).toThrow(
        expect.objectContaining({
          code: "COVARIATE_UNKNOWN",
          message: expect.stringMatching(message),
          remedy,
        }),
      );
    }
  });

  it("are within 0 and 1 for whatever is known", () => {
    const stream = random(3, "values");
    for (let draw = 0; draw < 100; draw++) {
      const age = 30 + 50 * stream.uniform();
      const [place] = encodeCovariates(table.covariates, { age });
      expect(place).toBeCloseTo((age - 30) / 50, 12);
    }
  });
});
