import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { filesUnder, slicebook, temporaryFolder } from "./command.ts";
import { copyWholeRun } from "./whole-run.ts";

const cwd = temporaryFolder();
/** Codes of a side: downsampling 4 of 32 pixels. */
const SIDE = 8;

let top: number[][];

/** A grey picture of 32×32 pixels. */
async function writePicture(name: string, grey: (row: number, column: number) => number): Promise<void> {
  const values = Uint8Array.from({ length: 32 * 32 }, (_, at) => grey(Math.floor(at / 32), at % 32));
  const picture = sharp(values, { raw: { width: 32, height: 32, channels: 1 } });
  await picture.toColourspace("b-w").png().toFile(join(cwd, name));
}

beforeAll(async () => {
  await copyWholeRun(cwd);
  await writePicture("slice.png", (row, column) =>
    Math.hypot(row - 15, column - 17) < 11 ? 90 + 4 * row : 5,
  );
  await writePicture("hole.png", (row, column) =>
    row >= 9 && row < 14 && column >= 16 && column < 20 ? 0 : 255,
  );
  await writePicture("black.png", () => 0);
  await writePicture("white.png", () => 255);
  await sharp({ create: { width: 40, height: 24, channels: 3, background: "white" } })
    .png()
    .toFile(join(cwd, "odd.png"));
  top = await complete("top");
});

/** Completes the slice and gives the codes of each completion, row by row. */
async function complete(keep: string, ...more: readonly string[]): Promise<number[][]> {
  return (await completions("runs/tiny", keep, ...more)).codes;
}

/** The codes of each completion, row by row, and the figures. */
async function completions(run: string, keep: string, ...more: readonly string[]) {
  const args = ["sample", run, "--complete", "slice.png", "--keep", keep, "--count", "3", ...more];
  const { code, stdout, stderr } = await slicebook([...args, "--json"], { cwd });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  const { files, figures } = JSON.parse(stdout) as { files: string[]; figures: Record<string, number> };
  const bytes = await readFile(join(cwd, files.find((file) => file.endsWith("codes.safetensors"))!));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { dtype, shape, data_offsets } = JSON.parse(bytes.toString("utf8", 8, start))["codes.0"];
  expect({ dtype, shape }).toEqual({ dtype: "I32", shape: [3, SIDE, SIDE] });
  const codes = Array.from({ length: 3 * SIDE * SIDE }, (_, at) =>
    bytes.readInt32LE(start + data_offsets[0] + 4 * at),
  );
  return {
    codes: [0, 1, 2].map((index) => codes.slice(index * SIDE * SIDE, (index + 1) * SIDE * SIDE)),
    figures,
    files,
  };
}

const all = Array.from({ length: SIDE * SIDE }, (_, at) => at);
const rowOf = (at: number) => Math.floor(at / SIDE);
const pick = (codes: readonly number[], where: (at: number) => boolean) =>
  all.filter(where).map((at) => codes[at]);

test("what is kept of a slice stays, and only the rest is drawn", async () => {
  const [right, hole] = [await complete("right"), await complete("hole.png")];
  const isTop = (at: number) => rowOf(at) < 4;
  const isRight = (at: number) => at % SIDE >= 4;
  // The rows 9 to 13 and columns 16 to 19 of pixels touch the codes of rows 2 and 3, column 4.
  const isHole = (at: number) => [2, 3].includes(rowOf(at)) && at % SIDE === 4;
  for (const [drawn, isKept] of [
    [top, isTop],
    [right, isRight],
    [hole, (at: number) => !isHole(at)],
  ] as const) {
    for (const codes of drawn) expect(pick(codes, isKept)).toEqual(pick(drawn[0]!, isKept));
    const both = (at: number) => isKept(at) && !isHole(at);
    expect(pick(drawn[0]!, both)).toEqual(pick(hole[0]!, both));
  }
  expect(top[1]).not.toEqual(top[0]);
});

test("known codes that come later steer by the choice among candidates; of a seed it is the same each time", async () => {
  const once = await complete("bottom", "--seed", "7");
  expect(await complete("bottom", "--seed", "7")).toEqual(once);
  expect(await complete("bottom", "--seed", "8")).not.toEqual(once);
  expect(await complete("bottom", "--seed", "7", "--candidates", "1")).not.toEqual(once);
});

test("a transformer of random orders draws once, from all that is known, and tells what that was worth", async () => {
  const options = "{order: random, layers: 1, width: 8, heads: 1, headWidth: 8, window: 8}";
  await cp(join(cwd, "runs", "tiny"), join(cwd, "runs", "random"), { recursive: true });
  const { code, stderr } = await slicebook(
    ["train-prior", "runs/random", "prior.name=transformer", `prior.options=${options}`, "--quiet"],
    { cwd },
  );
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  const { codes, figures, files } = await completions("runs/random", "bottom");
  expect((await completions("runs/random", "bottom", "--candidates", "1")).codes).toEqual(codes);
  for (const drawn of codes)
    expect(pick(drawn, (at) => rowOf(at) > 3)).toEqual(pick(codes[0]!, (at) => rowOf(at) > 3));
  const file = files.find((name) => name.endsWith("completions.json"))!;
  const { completions: each, ...rest } = JSON.parse(await readFile(join(cwd, file), "utf8"));
  expect(rest).toEqual({ keep: "bottom", seed: expect.any(Number), ...figures });
  expect(Object.keys(figures)).toEqual([
    "bitsPerCode",
    "seamSsim",
    "originalBitsPerCode",
    "reconstructionSeamSsim",
  ]);
  for (const value of Object.values(figures)) expect(Number.isFinite(value)).toBe(true);
  expect(each.map(({ name }: { name: string }) => name)).toEqual([
    "completion-0001",
    "completion-0002",
    "completion-0003",
  ]);
});

test("where no known code comes later, there is nothing to choose by", async () => {
  expect(await complete("top", "--candidates", "1")).toEqual(top);
});

test("the pictures are the slice, what is kept of it, and the completions, and the run stays as it was", async () => {
  const config = await readFile(join(cwd, "runs", "tiny", "config.yaml"), "utf8");
  await complete("left", "--out", "out");
  expect(await filesUnder(join(cwd, "out"))).toEqual([
    "codes.safetensors",
    "completion-0001.png",
    "completion-0002.png",
    "completion-0003.png",
    "completions.json",
    "grid.png",
    "masked.png",
    "original.png",
  ]);
  expect(await readFile(join(cwd, "runs", "tiny", "config.yaml"), "utf8")).toBe(config);
  const grey = async (name: string) =>
    (await sharp(join(cwd, name)).extractChannel(0).raw().toBuffer()).toJSON().data;
  const [original, masked] = [await grey("out/original.png"), await grey("out/masked.png")];
  const isLeft = (at: number) => at % 32 < 16;
  expect(masked.filter((_, at) => isLeft(at))).toEqual(original.filter((_, at) => isLeft(at)));
  expect(new Set(masked.filter((_, at) => !isLeft(at)))).toEqual(new Set([0]));
});

test.each([
  ["tpo", /tpo is neither a half nor a mask.*\n.*top, bottom, left, right/],
  ["odd.png", /odd\.png is 24x40 .*must be 32x32/],
  ["black.png", /black\.png keeps no code.*4x4 pixels/],
  ["white.png", /white\.png keeps every code/],
])("what cannot be kept, %s, is said", async (keep, message) => {
  const before = await filesUnder(cwd);
  const { code, stderr } = await slicebook(
    ["sample", "runs/tiny", "--complete", "slice.png", "--keep", keep, "--quiet"],
    { cwd },
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(await filesUnder(cwd)).toEqual(before);
});

test("a slice that cannot be read, or is of another size, is named", async () => {
  await writeFile(join(cwd, "text.png"), "no picture");
  for (const [file, what] of [
    ["text.png", "cannot be read"],
    ["odd.png", "24x40"],
  ] as const) {
    const { code, stderr } = await slicebook(
      ["sample", "runs/tiny", "--complete", file, "--keep", "top", "--quiet"],
      { cwd },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`${file}.*${what}`));
  }
});

test.each([
  [["--complete", "slice.png"], "needs --keep"],
  [["--keep", "top"], "needs --complete"],
  [["--complete", "slice.png", "--keep", "top", "--candidates", "0"], "at least 1"],
])("a completion that is asked for by half, %j, is a usage error", async (args, hint) => {
  const { code, stderr } = await slicebook(["sample", "runs/tiny", ...args], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(hint);
});
