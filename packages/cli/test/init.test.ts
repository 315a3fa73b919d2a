import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { readJson, slicebook, temporaryFolder } from "./command.ts";

const cwd = temporaryFolder();

/** Small limits, for the test's sake; nothing of the file is edited. */
const quick = [
  "train.steps=4",
  "prior.steps=2",
  "sample.count=2",
  "model.width=16",
  "model.residualBlocks=1",
  "model.warmupSteps=1",
  "model.codes=32",
  "prior.options.layers=1",
  "prior.options.width=16",
  "prior.options.headWidth=16",
];

test("a folder of unknown pictures becomes a configuration that runs as it is", async () => {
  for (let subject = 0; subject < 5; subject++) {
    await mkdir(join(cwd, "scans", `patient ${subject}`), { recursive: true });
    for (let slice = 0; slice < 4; slice++) {
      const stripes = Buffer.from(
        Uint8Array.from({ length: 40 * 36 }, (_, at) => 128 + 100 * Math.sin(at / (3 + subject) + slice)),
      );
      await sharp(stripes, { raw: { width: 40, height: 36, channels: 1 } })
        .png()
        .toFile(join(cwd, "scans", `patient ${subject}`, `IM-${slice}.png`));
    }
  }
  const made = await slicebook(["init", "scans"], { cwd });
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^Layout +folder: \{subject\}\/IM-\{slice\}\.png$/m);
  expect(made.stdout).toMatch(/^Next +slicebook run scans\.yaml$/m);

  const { code, stderr } = await slicebook(["run", "scans.yaml", ...quick, "--quiet"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await readJson(join(cwd, "runs", "scans", "evaluation.json"))).toMatchObject({
    ssim: { n: 4, subjects: 1 },
  });

  const again = await slicebook(["init", "scans"], { cwd });
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("--force");
});
