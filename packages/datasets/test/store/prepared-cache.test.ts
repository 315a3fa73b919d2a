import { spawn } from "node:child_process";
import { readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeNifti } from "../../src/index.ts";
import { batches, openDataset, userCacheFolder } from "../../src/node.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const SIZE = [9, 9] as const; // 81 pixels: slices must be padded

type Stored = "uint8" | "int16" | "uint16" | "float32";

/** Values that need the type to be stored. */
function slice(number: number, type: Stored): Uint8Array {
  const first = { uint8: 0, int16: -300, uint16: 40_000, float32: 0.25 }[type];
  const values = Float32Array.from({ length: 81 }, (_, pixel) => first + ((pixel * (number + 3)) % 97));
  return gzipSync(encodeNifti(values, { shape: [...SIZE], type: type === "uint8" ? "int16" : type }));
}

const file = (split: string, subject: number, number: number) =>
  `keras_slices_${split}/case_00${subject}_week_0_slice_${number}.nii.gz`;

const TYPES = ["uint8", "float32", "int16", "uint16"] as const;

const SET = {
  ...Object.fromEntries(Array.from({ length: 12 }, (_, n) => [file("train", 4, n), slice(n, TYPES[n % 4]!)])),
  [file("validate", 5, 0)]: slice(20, "uint8"),
  [file("test", 6, 0)]: slice(21, "uint8"),
};

const BAD = file("train", 4, 3);

async function fixture() {
  const [root, cache] = [await temporaryFolder(SET), await temporaryFolder()];
  const config = (more: object = {}) => ({
    adapter: "hipmri",
    root,
    cache,
    size: [...SIZE] as [number, number],
    ...more,
  });
  return { root, folder: join(cache, "prepared"), config };
}

const ALL = Array.from({ length: 12 }, (_, index) => index);
const SHUFFLED = [7, 0, 1, 2, 11, 3, 3, 10];

describe("the prepared cache", () => {
  it.each(["zscore", "zscore-dataset", "minmax", "percentile", "residual"] as const)(
    "gives what memory gives, and decodes nothing the second time: %s",
    async (preprocessing) => {
      const { config, folder } = await fixture();
      const memory = await openDataset(config({ preprocessing, cache: false }));
      const first = await openDataset(config({ preprocessing }));
      const second = await openDataset(config({ preprocessing }));
      expect([memory.decoded, first.decoded, second.decoded]).toEqual([14, 14, 0]);
      for (const data of [first, second]) {
        const { train } = data.splits;
        expect(train.images(SHUFFLED)).toEqual(memory.splits.train.images(SHUFFLED));
        expect(await train.load(SHUFFLED)).toEqual(memory.splits.train.images(SHUFFLED));
        expect(train.originals(ALL)).toEqual(memory.splits.train.originals(ALL));
        expect(data.preprocessing).toEqual(memory.preprocessing);
        expect(data.statistics).toEqual(memory.statistics);
        expect(data.splits.test.images([0])).toEqual(memory.splits.test.images([0]));
        expect(train.toOriginal(5, train.images([5]))).toEqual(
          memory.splits.train.toOriginal(5, train.images([5])),
        );
        expect(() => train.images([12])).toThrow("there is no slice 12 among 12");
      }
      const files = await readdir(folder);
      expect(files.filter((name) => name.endsWith(".slices"))).toHaveLength(3);
      expect(files).toHaveLength(preprocessing === "residual" ? 4 : 3);
    },
  );

  it("stores every slice in the smallest type that holds it", async () => {
    const { config, folder } = await fixture();
    await openDataset(config());
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => stat(join(folder, name))));
    const largest = Math.max(...sizes.map(({ size }) => size));
    const bytes = 3 * (88 + 168 + 168 + 328); // uint8, int16, uint16, float32, each padded to 8 bytes
    expect(largest).toBeGreaterThan(bytes);
    const text = (await readFile(join(folder, await largestOf(folder)))).subarray(bytes, -24).toString();
    expect(JSON.parse(text)).toMatchObject({ pixels: 81, types: ALL.map((index) => TYPES[index % 4]) });
  });

  it("is shared by options that leave the decoded values as they are, and by no others", async () => {
    const { config } = await fixture();
    await openDataset(config());
    const decoded = async (more: object) => (await openDataset(config(more))).decoded;
    expect(await decoded({ preprocessing: "minmax" })).toBe(0);
    expect(await decoded({ onUnreadable: "skip" })).toBe(0);
    expect(await decoded({ size: [8, 8], sizePolicy: "crop" })).toBe(14);
    expect(await decoded({ seed: 1 })).toBe(14);
    const { decoded: tested } = await openDataset(config(), { splits: ["test"] });
    expect(tested).toBe(0);
  });

  it("is made anew for the splits in which a file has changed, come or gone", async () => {
    const { config, root } = await fixture();
    await openDataset(config());
    await utimes(join(root, file("test", 6, 0)), 1, 1);
    expect((await openDataset(config())).decoded).toBe(1);
    await writeFile(join(root, file("train", 4, 12)), slice(1, "uint8"));
    const more = await openDataset(config());
    expect([more.decoded, more.splits.train.records.length]).toEqual([13, 13]);
    await rm(join(root, file("train", 4, 12)));
    expect((await openDataset(config())).decoded).toBe(0); // what was prepared at first is right again
  });

  it.each([
    ["cut off", (path: string) => truncate(path, 700)],
    ["empty", (path: string) => truncate(path, 0)],
    ["changed in one bit", flipBit],
    ["no such file at all", (path: string) => writeFile(path, "x".repeat(5000))],
  ])("is made anew when it is damaged: %s", async (_, damage) => {
    const { config, folder } = await fixture();
    const before = await openDataset(config());
    const whole = before.splits.train.images(ALL);
    for (const name of await readdir(folder)) await damage(join(folder, name));
    const after = await openDataset(config());
    expect(after.decoded).toBe(14);
    expect(after.splits.train.images(ALL)).toEqual(whole);
    expect((await openDataset(config())).decoded).toBe(0);
  });

  it("remembers what was left out, and does not hide it from those who want an error", async () => {
    const { config, root } = await fixture();
    await writeFile(join(root, BAD), "x");
    const first = await openDataset(config({ onUnreadable: "skip" }));
    const second = await openDataset(config({ onUnreadable: "skip" }));
    expect([first.decoded, second.decoded]).toEqual([14, 0]);
    expect(second.skipped).toEqual(first.skipped);
    expect(second.skipped).toMatchObject([{ path: join(root, BAD), split: "train" }]);
    expect(second.splits.train.records).toEqual(first.splits.train.records);
    expect(second.splits.train.images([3])).toEqual(first.splits.train.images([3]));
    await expect(openDataset(config())).rejects.toMatchObject({ code: "SLICE_UNREADABLE" });
  });

  it("leaves nothing behind when decoding fails or is stopped", async () => {
    const { config, root, folder } = await fixture();
    await writeFile(join(root, BAD), "x");
    await expect(openDataset(config())).rejects.toMatchObject({ code: "SLICE_UNREADABLE" });
    const stop = new AbortController();
    const opening = openDataset(config({ onUnreadable: "skip" }), {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(opening).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("outlives its file while it is open", async () => {
    const { config, folder } = await fixture();
    const data = await openDataset(config());
    const before = data.splits.train.images(ALL);
    await rm(folder, { recursive: true });
    expect(data.splits.train.images(ALL)).toEqual(before);
  });

  it("says so when the folder that was asked for cannot be used", async () => {
    const { config, root } = await fixture();
    const taken = join(root, file("test", 6, 0));
    await expect(openDataset(config({ cache: taken }))).rejects.toMatchObject({
      code: "CACHE_WRITE",
      message: expect.stringContaining(`slices cannot be prepared in ${join(taken, "prepared")}: `),
      remedy: "Make room there, set dataset.cache to another folder, or to false to do without.",
    });
  });

  it("does not hold what an adapter draws, since nothing would tell that it draws otherwise", async () => {
    const cache = await temporaryFolder();
    const options = { slices: 1, subjects: { train: 1, validate: 1, test: 1 } };
    const config = { adapter: "phantom", cache, size: [16, 16] as [number, number], options };
    await openDataset(config);
    expect((await openDataset(config)).decoded).toBe(3);
    expect(await readdir(cache)).toEqual([]);
  });

  it("is safe with several processes at once", async () => {
    const { config, folder } = await fixture();
    const module = new URL("../../dist/node.js", import.meta.url).href;
    const program = `
      const { openDataset } = await import(${JSON.stringify(module)});
      const { splits } = await openDataset(${JSON.stringify(config())});
      const images = splits.train.images(${JSON.stringify(ALL)});
      console.log(Buffer.from(images.buffer).toString("base64"));`;
    const outputs = await Promise.all(Array.from({ length: 4 }, () => run(program)));
    const { splits } = await openDataset(config({ cache: false }));
    const expected = Buffer.from(splits.train.images(ALL).buffer).toString("base64");
    expect(new Set(outputs)).toEqual(new Set([expected]));
    expect(await readdir(folder)).toHaveLength(3);
    expect((await openDataset(config())).decoded).toBe(0);
  });

  it("removes what no run has opened for a month, and nothing that is not its own", async () => {
    const { config, folder } = await fixture();
    await openDataset(config());
    const old = (await readdir(folder)).map((name) => join(folder, name));
    await writeFile(join(folder, "notes.json"), "mine");
    for (const path of [...old, join(folder, "notes.json")]) await utimes(path, 1, 1);
    const { decoded } = await openDataset(config({ seed: 1 }));
    expect(decoded).toBe(14);
    expect(await readdir(folder)).toHaveLength(4);
    expect(await readFile(join(folder, "notes.json"), "utf8")).toBe("mine");
  });
});

describe("batches", () => {
  it("gives the slices in the given order, the last batch as it comes", async () => {
    const { config } = await fixture();
    const { train } = (await openDataset(config())).splits;
    const seen: number[] = [];
    const order = Int32Array.from(SHUFFLED);
    for await (const images of batches(train, order, 3)) seen.push(images.length / 81, ...images);
    const part = (indices: number[]) => [indices.length, ...train.images(indices)];
    expect(seen).toEqual([...part([7, 0, 1]), ...part([2, 11, 3]), ...part([3, 10])]);
    const none: unknown[] = [];
    for await (const images of batches(train, [], 3)) none.push(images);
    expect(none).toEqual([]);
    await expect(batches(train, [99], 1).next()).rejects.toThrow("there is no slice 99 among 12");
  });
});

describe("userCacheFolder", () => {
  it.each([
    ["linux", {}, "/home/a/.cache/slicebook"],
    ["linux", { XDG_CACHE_HOME: "/big/cache" }, "/big/cache/slicebook"],
    ["linux", { XDG_CACHE_HOME: "relative" }, "/home/a/.cache/slicebook"],
    ["darwin", {}, "/home/a/Library/Caches/slicebook"],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/slicebook/Cache"],
  ] as const)("is the system's usual one: %s %o", (platform, environment, expected) => {
    expect(userCacheFolder(platform, environment, "/home/a")).toBe(expected);
  });
});

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[40]! ^= 1;
  await writeFile(path, bytes);
}

async function largestOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return names[sizes.indexOf(Math.max(...sizes))]!;
}

async function run(program: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  return output.trim();
}
