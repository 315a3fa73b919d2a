import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { editDistance, nearMiss } from "@slicebook/base/util";
import { describe, expect, it } from "vitest";
import { lockRun } from "../src/lock.ts";
import { openMetricsLog, readRows } from "../src/metrics-log.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const place = temporaryFolder();
const row = (step: number) => {
  const train = { loss: 1, learningRate: 0.1, gradientNorm: 1 };
  return JSON.stringify({ stage: "train", kind: "step", epoch: 1, step, seconds: step, train });
};

describe("metrics.jsonl", () => {
  it("is read up to a torn line", async () => {
    const path = await place.write("metrics.jsonl", `${row(1)}\n${row(2)}\n${row(3).slice(0, 9)}`);
    expect((await readRows(path)).map(({ step }) => step)).toEqual([1, 2]);
  });

  it.each([
    [2, 2],
    [1, 1],
    [0, 0],
    [5, 2],
  ])("is cut to the %i rows that a checkpoint knows of", async (rows, left) => {
    const path = await place.write("metrics.jsonl", `${row(1)}\n${row(2)}\n${row(3).slice(0, 9)}`);
    await openMetricsLog({ metrics: path, events: place.at("tensorboard", "events") }, { rows, started: 0 });
    const text = await readFile(path, "utf8");
    expect(text).toBe(
      [row(1), row(2)]
        .slice(0, left)
        .map((line) => `${line}\n`)
        .join(""),
    );
  });

  it("need not be there", async () => {
    const files = { metrics: place.at("nowhere.jsonl"), events: place.at("tensorboard", "events") };
    await openMetricsLog(files, { rows: 0, started: 0 });
    expect(await readRows(place.at("nowhere.jsonl"))).toEqual([]);
  });
});

describe("the lock of a run folder", () => {
  it("keeps a second run out until it is given back", async () => {
    const release = await lockRun(place.at());
    await expect(lockRun(place.at())).rejects.toMatchObject({ code: "RUN_LOCKED" });
    await release();
    await (await lockRun(place.at()))();
  });

  it("of a living process holds; its holder is named", async () => {
    await writeFile(place.at(".lock"), JSON.stringify({ pid: process.ppid, host: hostname(), started: "" }));
    await expect(lockRun(place.at())).rejects.toMatchObject({
      code: "RUN_LOCKED",
      message: expect.stringContaining(`process ${process.ppid}`),
    });
  });

  it.each([
    ["a dead process", { pid: 2 ** 22 + 1, host: hostname(), started: "" }],
    ["a process whose number another has now", { pid: process.ppid, host: hostname(), started: "-1" }],
    ["an earlier process of this number", { pid: process.pid, host: hostname(), started: "" }],
    ["nobody who can be read", "torn"],
  ])("of %s is taken over", async (_, holder) => {
    await writeFile(place.at(".lock"), JSON.stringify(holder));
    await (await lockRun(place.at()))();
  });

  it("is given back by its holder only", async () => {
    const release = await lockRun(place.at());
    const another = JSON.stringify({ pid: process.ppid, host: hostname(), started: "" });
    await writeFile(place.at(".lock"), another);
    await release();
    expect(await readFile(place.at(".lock"), "utf8")).toBe(another);
    await rm(place.at(".lock"));
  });

  it("that is a folder is named", async () => {
    await mkdir(place.at("odd", ".lock"), { recursive: true });
    await expect(lockRun(place.at("odd"))).rejects.toMatchObject({
      code: "RUN_LOCKED",
      remedy: expect.stringContaining(`Delete ${place.at("odd", ".lock")}`),
    });
  });

  it.each(["links", "no links"])(
    "is held by one of several processes, which leave many behind: a file system with %s",
    async (links) => {
      const folder = place.at(`contended ${links}`);
      await mkdir(folder);
      const client = join(import.meta.dirname, "lock-client.mjs");
      const dead = { pid: 2 ** 22 + 1, host: hostname(), started: "" };
      await writeFile(join(folder, ".lock"), JSON.stringify(dead));
      const processes = Array.from({ length: 6 }, (_, seed) =>
        promisify(execFile)(process.execPath, [client, folder, links, String(seed)]),
      );
      for (const { stdout } of await Promise.all(processes)) expect(stdout).toBe("held 15 times, alone\n");
    },
  );
});

describe("a near miss", () => {
  it("is the nearest word, if it is near", () => {
    expect(nearMiss("epoch", ["steps", "epochs", "minutes"])).toBe("epochs");
    expect(nearMiss("bacth", ["batch", "patch"])).toBe("batch");
    expect(nearMiss("xyz", ["batch", "epochs"])).toBeUndefined();
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});
