import { once } from "node:events";
import { copyFile, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { filesUnder, slicebook, start, temporaryFolder } from "./command.ts";

const cwd = temporaryFolder();
const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** Added to what trains, so that it ends in seconds; a limit replaces those that the README gives. */
const quick = [
  "train.steps=1",
  "train.minutes=1",
  "train.batch=2",
  "dataset.size=[32, 32]",
  "dataset.sizePolicy=resize",
  "prior.steps=1",
  "prior.minutes=1",
  // Without varied copies and candidates, which small data sets have by the thousand.
  "prior.augment.copies=0",
  "sample.candidates=1",
  "model.downsampling=8",
  "model.width=16",
  "model.residualBlocks=1",
  "model.codes=32",
  // In place of all that the file says: an option of every built-in prior.
  "prior.options={layers: 1}",
  "sample.count=2",
];

/** The command lines in the README's shell blocks, without their comments. */
async function shown(): Promise<string[]> {
  const readme = await readFile(join(repository, "README.md"), "utf8");
  return [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
    block
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter(Boolean),
  );
}

beforeAll(async () => {
  await symlink(join(repository, "configs"), join(cwd, "configs"));
  for (const [layout, folder] of [
    ["hipmri", "HipMRI"],
    ["oasis", "OASIS"],
    ["adni", "ADNI"],
  ] as const) {
    const few = ["--subjects", layout === "adni" ? "4,2,2" : "5,1,1", "--slices", "2", "--covariates"];
    const { code, stderr } = await slicebook(["phantom", "--layout", layout, "--out", folder, ...few], {
      cwd,
    });
    if (code !== 0) throw new Error(stderr);
  }
  // Slices in no layout of ours: the test folder of one that is, by itself.
  await symlink(join(cwd, "OASIS", "keras_png_slices_train"), join(cwd, "scans"));
  const [slice = ""] = (await filesUnder(join(cwd, "HipMRI"))).filter((file) => file.endsWith(".nii.gz"));
  await copyFile(join(cwd, "HipMRI", slice), join(cwd, "scan.nii.gz"));
});

test("every command that the README shows does what it says", async () => {
  const lines = await shown();
  const { scripts } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(lines.length).toBeGreaterThan(12);
  for (const line of lines) {
    const [program, command = "", ...args] = line.split(/\s+/);
    if (program === "npm") {
      // `npm test` runs this test, and the demo is `slicebook run configs/phantom.yaml` after a set-up.
      expect(scripts).toHaveProperty(command === "run" ? args[0]! : command);
      continue;
    }
    expect([program, command]).toEqual(["npx", "slicebook"]);
    const here = args.map((word) => word.replace("/data/", ""));
    if (here[0] === "view") {
      const { child, outcome } = start([...here, "--no-open"], { cwd });
      await Promise.race([once(child.stdout!, "data"), once(child.stderr!, "data"), outcome]);
      child.kill("SIGINT");
      const { stdout, stderr } = await outcome;
      expect(`${stdout}${stderr}`).toMatch(/http:\/\/localhost:\d+/);
      continue;
    }
    const trains = ["run", "train"].includes(here[0]!);
    const { code, stderr } = await slicebook([...here, ...(trains ? quick : [])], { cwd });
    expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
  }
  expect(await filesUnder(cwd)).toEqual(
    expect.arrayContaining([
      "comparison/index.html",
      "runs/adni/samples/sample-0064.png",
      "runs/hipmri/reconstructions/files/reconstructions.png",
      "runs/oasis/report.html",
      "runs/scans/report.html",
      "scans.yaml",
      "sheet.png",
    ]),
  );
}, 600_000);
