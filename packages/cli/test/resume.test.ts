import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { filesUnder, type Outcome, slicebook, start, temporaryFolder } from "./command.ts";
import { checkpointWithinEpoch, readCheckpoint, writeTiny } from "./runs.ts";

const cwd = temporaryFolder();
const last = (name: string) => join(cwd, "runs", name, "checkpoints", "last.safetensors");
/** Six subjects of eight slices, four a step. */
const stepsPerEpoch = 12;

beforeAll(async () => {
  await writeTiny(cwd, {
    change: (text) =>
      text
        .replace("subjects: { train: 4", "subjects: { train: 6")
        .replace("slices: 4", "slices: 8")
        .replace("epochs: 4, batch: 4", "epochs: 10, batch: 4, checkpointSeconds: 0.05"),
  });
  const { code, stderr } = await slicebook(["train", "tiny.yaml", "run.name=whole"], { cwd });
  if (code !== 0) throw new Error(stderr);
});

async function expectSameAsWhole(name: string): Promise<void> {
  const [whole, resumed] = [await readCheckpoint(last("whole")), await readCheckpoint(last(name))];
  expect(resumed.state.step).toBe(10 * stepsPerEpoch);
  expect(resumed.tensors).toBe(whole.tensors);
  // One line of metrics for each line of the run that was never stopped, none twice.
  const [lines, expected] = await Promise.all([metricSteps(name), metricSteps("whole")]);
  expect(lines).toEqual(expected);
  const left = (await filesUnder(join(cwd, "runs", name))).filter((file) => /(^|\/)\.|tmp/.test(file));
  expect(left).toEqual([]);
}

async function metricSteps(name: string): Promise<string[]> {
  const text = await readFile(join(cwd, "runs", name, "metrics.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; step: number; train: { loss: number } })
    .map(({ kind, step, train }) => `${kind} ${step} ${train.loss}`);
}

test("killed within an epoch and resumed, a run ends with the weights of one never stopped", async () => {
  const running = start(["train", "tiny.yaml", "run.name=killed"], { cwd });
  await checkpointWithinEpoch(last("killed"), { stepsPerEpoch });
  running.child.kill("SIGKILL");
  expect(await running.outcome).toMatchObject({ signal: "SIGKILL" });
  expect((await readCheckpoint(last("killed"))).state.step).toBeLessThan(10 * stepsPerEpoch);
  const { code, stderr } = await slicebook(["train", "tiny.yaml", "run.name=killed", "--resume"], { cwd });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  await expectSameAsWhole("killed");
});

async function stopped(name: string, signal: NodeJS.Signals): Promise<Outcome> {
  const running = start(["train", "tiny.yaml", `run.name=${name}`], { cwd });
  await checkpointWithinEpoch(last(name), { stepsPerEpoch });
  running.child.kill(signal);
  const outcome = await running.outcome;
  expect(outcome.stderr).toContain(`slicebook train tiny.yaml run.name=${name} --resume`);
  expect((await readCheckpoint(last(name))).state.step).toBeLessThan(10 * stepsPerEpoch);
  return outcome;
}

test("Ctrl-C saves, says how to continue, exits with 130, and the run continues from there", async () => {
  expect(await stopped("stopped", "SIGINT")).toMatchObject({ code: 130, stdout: "" });
  expect(await slicebook(["train", "tiny.yaml", "run.name=stopped", "--resume"], { cwd })).toMatchObject({
    code: 0,
  });
  await expectSameAsWhole("stopped");
});

test("SIGTERM does the same and exits with 143", async () => {
  expect(await stopped("ended", "SIGTERM")).toMatchObject({ code: 143, stdout: "" });
});

test("an interrupted run is not begun anew by mistake", async () => {
  const { code, stderr } = await slicebook(["train", "tiny.yaml", "run.name=ended"], { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain("--resume");
});

test("a second Ctrl-C ends at once", async () => {
  const running = start(["train", "tiny.yaml", "run.name=impatient"], { cwd });
  await checkpointWithinEpoch(last("impatient"), { stepsPerEpoch });
  running.child.kill("SIGINT");
  while (!running.stderr().includes("Ctrl-C again")) await once(running.child.stderr!, "data");
  running.child.kill("SIGINT");
  expect(await running.outcome).toMatchObject({ signal: "SIGINT" });
});
