import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "@slicebook/runs/stages";
import type { Event } from "@slicebook/session";
import { describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readTensors, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

interface Attempt {
  readonly name: string;
  readonly stages: readonly Stage[];
  readonly resume?: boolean;
  readonly overrides?: readonly string[];
  /** When to stop. */
  readonly until?: (event: Event) => boolean;
}

async function attempt({ name, stages, resume = false, overrides = [], until }: Attempt) {
  const controller = new AbortController();
  const config = await place.write("tiny.yaml", TINY);
  return execute(
    {
      kind: "run",
      config,
      // Six steps an epoch, and a validation in the middle of each.
      overrides: [
        `run.root=${place.at("runs")}`,
        `run.name=${name}`,
        "dataset.options.slices=6",
        "train.validateEvery=0.5",
        "prior.validateEvery=0.5",
        // Small enough that clipping is at work: then every weight depends on the sum over all gradients.
        "model.optimizer.clipNorm=0.01",
        "train.augment={ shift: 0.1, rotation: 5, flip: true, intensity: 0.1 }",
        ...overrides,
      ],
      stages,
      resume,
    },
    {
      signal: controller.signal,
      onEvent: (event) => {
        if (until?.(event)) controller.abort();
      },
    },
  );
}

const atStep = (stage: Stage, step: number) => (event: Event) =>
  event.type === "epoch" && event.stage === stage && event.row.step === step;

/** The rows of a metrics.jsonl without their clock. */
async function rows(...path: string[]): Promise<unknown[]> {
  const text = await readFile(place.at("runs", ...path), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));
}

async function weights(...path: string[]) {
  return (await readTensors(place.at("runs", ...path))).tensors;
}

describe("an interrupted run", () => {
  it("goes on to the same weights, bit for bit, and the same metrics", async () => {
    // Two levels of codes, whose priors are trained one after the other.
    const both = {
      stages: ["train", "encode", "train-prior"],
      overrides: ["model.hierarchy=2", "prior.augment.copies=1"],
    } as const;
    await attempt({ ...both, name: "whole" });

    const half = { ...both, name: "halved" } as const;
    await expect(attempt({ ...half, until: atStep("train", 9) })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    // As if killed while it wrote: a row past the checkpoint, and a torn one.
    const log = place.at("runs", "halved", "metrics.jsonl");
    const lastRow = (await readFile(log, "utf8")).trimEnd().split("\n").at(-1)!;
    const past = { ...JSON.parse(lastRow), step: 10 };
    await appendFile(log, `${JSON.stringify(past)}\n{"stage":"tra`);
    const torn = place.at("runs", "halved", "checkpoints", ".last.safetensors.1.slicebook-tmp");
    await writeFile(torn, "half a checkpoint");
    await expect(attempt(half)).rejects.toMatchObject({ code: "RUN_UNFINISHED" });
    await expect(attempt({ ...half, resume: true, until: atStep("train", 15) })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    for (const part of [0, 1]) {
      const within = (event: Event) =>
        event.type === "epoch" && event.row.part === part && event.row.step < 12;
      await expect(attempt({ ...half, resume: true, until: within })).rejects.toMatchObject({
        code: "INTERRUPTED",
      });
    }
    await expect(attempt(half)).rejects.toMatchObject({ code: "RUN_UNFINISHED" });
    await attempt({ ...half, resume: true });

    await expect(readFile(torn)).rejects.toMatchObject({ code: "ENOENT" });
    for (const log of [["metrics.jsonl"], ["prior", "metrics.jsonl"]]) {
      expect(await rows("halved", ...log)).toEqual(await rows("whole", ...log));
    }
    const checkpoints = ["checkpoints", "prior/checkpoints/level0", "prior/checkpoints/level1"];
    for (const path of [
      ...checkpoints.flatMap((folder) => ["last", "best"].map((name) => `${folder}/${name}.safetensors`)),
      "prior/checkpoints/best.safetensors",
    ]) {
      expect(await weights("halved", path), path).toEqual(await weights("whole", path));
    }
  });
});

describe("training", () => {
  it("stops at a loss that is not a number, says where, and keeps the last good state", async () => {
    const broken = attempt({
      name: "broken",
      stages: ["train"],
      overrides: [
        "model.optimizer.learningRate=1e30",
        "model.optimizer.clipNorm=0",
        "train.checkpointSeconds=0.0001",
      ],
    });
    const last = join("broken", "checkpoints", "last.safetensors");
    await expect(broken).rejects.toMatchObject({
      code: "TRAINING_DIVERGED",
      // Weights of 1e30 make all terms of the loss too large, or not numbers.
      message: expect.stringMatching(/^training broke down at step 2 \(epoch 1\), in the loss's mse/),
      remedy: expect.stringContaining(`the last good state is kept in ${place.at("runs", last)}`),
    });
    const tensors = await weights(last);
    expect(tensors.step?.data[0]).toBe(1);
    for (const { data } of Object.values(tensors)) expect(data.every(Number.isFinite)).toBe(true);
  });

  it("names the term of the loss that is not a number where it is only one", async () => {
    // More than float32 holds.
    const broken = attempt({ name: "term", stages: ["train"], overrides: ["model.loss.l1=1e39"] });
    await expect(broken).rejects.toMatchObject({
      message: expect.stringMatching(/^training broke down at step 1 \(epoch 1\), in the loss's l1 term: /),
      remedy: expect.stringContaining("nothing had been saved yet"),
    });
  });

  it("stops early when the validation split gets no better", async () => {
    await attempt({
      name: "patient",
      stages: ["train"],
      overrides: ["train.epochs=50", "train.patience=2", "model.optimizer.learningRate=1e-12"],
    });
    const { step } = JSON.parse(
      (await readTensors(place.at("runs", "patient", "checkpoints", "last.safetensors"))).metadata[
        "slicebook.training"
      ]!,
    );
    expect(step).toBeLessThan(300);
  });

  it("refuses to continue when the checkpoint is damaged, naming it", async () => {
    const stages = ["train"] as const;
    await expect(attempt({ name: "torn", stages, until: atStep("train", 3) })).rejects.toThrow();
    const path = place.at("runs", "torn", "checkpoints", "last.safetensors");
    await writeFile(path, (await readFile(path)).subarray(0, 1000));
    await expect(attempt({ name: "torn", stages, resume: true })).rejects.toMatchObject({
      code: "CHECKPOINT_INVALID",
      message: expect.stringContaining(path),
    });
  });
});
