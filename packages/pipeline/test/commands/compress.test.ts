import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors } from "@slicebook/core";
import { decodeFile } from "@slicebook/datasets/node";
import type { Evaluation } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../src/api/execute.ts";
import { readJsonFile, readTensors, TINY, temporaryFolder } from "../helpers.ts";

const place = temporaryFolder();
let run: string;
/** A NIfTI slice, and what `reconstruct` makes of it. */
let nifti: string;

const compress = (files: readonly string[], out: string, more: { run?: string; force?: boolean } = {}) =>
  execute({ kind: "compress", run, files, out, force: false, ...more });
const decompress = (files: readonly string[], out: string, more: { run?: string; force?: boolean } = {}) =>
  execute({ kind: "decompress", run, files, out, force: false, ...more });

beforeAll(async () => {
  const config = await place.write("tiny.yaml", TINY);
  run = place.at("runs", "tiny");
  // Two grids of codes, of different sizes.
  const overrides = [`run.root=${place.at("runs")}`, "model.hierarchy=2", "dataset.sizePolicy=resize"];
  await execute({ kind: "run", config, overrides, stages: ["train", "encode", "evaluate"], resume: false });
  const subjects = { train: 1, validate: 1, test: 1 };
  const data = place.at("hipmri");
  await execute({ kind: "phantom", layout: "hipmri", out: data, seed: 3, subjects, slicesPerSubject: 1 });
  nifti = join(data, "keras_slices_train", "case_004_week_0_slice_0.nii.gz");
});

describe("compressed slices", () => {
  it("of NIfTI files come back as reconstruct gives them, at their place", async () => {
    const { figures, files } = await compress([nifti, nifti], place.at("small"));
    expect(files.map((file) => file.split("/").at(-1))).toEqual([
      "case_004_week_0_slice_0.slbk",
      "case_004_week_0_slice_0-2.slbk",
    ]);
    const bytes = (await stat(place.at("small", "case_004_week_0_slice_0.slbk"))).size;
    expect(figures).toEqual({
      originalBytes: 2 * (await stat(nifti)).size,
      bytes: 2 * bytes,
      bitsPerPixel: (8 * bytes) / 32 ** 2,
    });
    await decompress([place.at("small", "case_004_week_0_slice_0.slbk")], place.at("restored"));
    await execute({ kind: "reconstruct", run, files: [nifti], out: place.at("reconstructed") });
    const [restored, reconstructed] = await Promise.all(
      ["restored", "reconstructed"].map((folder) =>
        decodeFile(place.at(folder, "case_004_week_0_slice_0.nii.gz")),
      ),
    );
    expect(restored).toEqual(reconstructed);
  });

  it("are measured on the test split, header and all, beside the other rates", async () => {
    const { bitsPerPixel } = await readJsonFile<Evaluation>(join(run, "evaluation.json"));
    // 80 codes and 56 bytes beside them: what the codes cost is known but for the frequencies of training.
    const beside = (8 * 56) / 32 ** 2;
    expect(bitsPerPixel.file).toBeGreaterThan(beside + 0.9 * bitsPerPixel.entropy);
    expect(bitsPerPixel.file).toBeLessThan(beside + 1.3 * bitsPerPixel.fixed);
    // Without the codes it is evaluated again, and once more when they are there.
    const other = place.at("runs", "encoded-later");
    await cp(run, other, { recursive: true });
    await rm(join(other, "codes"), { recursive: true });
    const evaluated = async (stages: Stage[]) => {
      await execute({ kind: "stages", run: other, overrides: [], stages, resume: false });
      return readJsonFile<Evaluation>(join(other, "evaluation.json"));
    };
    const { fixed, entropy } = bitsPerPixel;
    expect((await evaluated(["evaluate"])).bitsPerPixel).toEqual({ fixed, entropy });
    expect(await evaluated(["encode", "evaluate"])).toEqual(await readJsonFile(join(run, "evaluation.json")));
  });

  it("that are damaged, or of another model or other frequencies, are refused before anything is written", async () => {
    const good = place.at("small", "case_004_week_0_slice_0.slbk");
    const bytes = await readFile(good);
    const flipped = Buffer.from(bytes);
    flipped[60]! ^= 4;
    const cases = [
      [await file("flipped.slbk", flipped), run, "SLBK_INVALID"],
      [await file("cut.slbk", bytes.subarray(0, -1)), run, "SLBK_INVALID"],
      [await file("short.slbk", bytes.subarray(0, 9)), run, "SLBK_INVALID"],
      [await file("text.slbk", Buffer.from("no slice")), run, "SLBK_INVALID"],
      [place.at("absent.slbk"), run, "SLBK_INVALID"],
      [good, await changed("retrained", "checkpoints/best.safetensors"), "MODEL_DIFFERS"],
      [good, await swapped("encoded-anew"), "CODES_DIFFER"],
    ] as const;
    for (const [path, from, code] of cases) {
      const wrong = decompress([good, path], place.at("nothing"), { run: from });
      await expect(wrong, path).rejects.toMatchObject({ name: "SlicebookError", code });
      await expect(wrong, path).rejects.toThrow(code === "SLBK_INVALID" ? path : good);
    }
    expect(await readdir(place.at())).not.toContain("nothing");
  });

  it("tell both models where they differ", async () => {
    const good = place.at("small", "case_004_week_0_slice_0.slbk");
    const from = place.at("runs", "retrained");
    await expect(decompress([good], place.at("nothing"), { run: from })).rejects.toThrow(
      /with the model [0-9a-f]{16}, and that of .*retrained is [0-9a-f]{16}$/,
    );
  });

  it("do not write over files unless told to", async () => {
    const again = compress([nifti], place.at("small"));
    await expect(again).rejects.toMatchObject({ code: "FILE_EXISTS" });
    await compress([nifti], place.at("small"), { force: true });
  });

  it("need the codes of the training slices", async () => {
    const bare = place.at("runs", "bare");
    await cp(run, bare, { recursive: true });
    await rm(join(bare, "codes"), { recursive: true });
    await expect(compress([nifti], place.at("nothing"), { run: bare })).rejects.toMatchObject({
      code: "STAGE_MISSING",
      remedy: `Run \`slicebook encode ${bare}\` first.`,
    });
  });
});

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(place.at(name), bytes);
  return place.at(name);
}

/** The run with another checkpoint: that of one averaged weight's last bit. */
async function changed(name: string, path: string): Promise<string> {
  const other = place.at("runs", name);
  await cp(run, other, { recursive: true });
  const { tensors, metadata } = await readTensors(join(other, path));
  const weight = Object.entries(tensors).find(([key]) => key.startsWith("average."))![1];
  new Uint8Array(weight.data.buffer)[0]! ^= 1;
  await writeFile(join(other, path), encodeSafetensors(tensors, metadata));
  return other;
}

/** The run with the codes of the test split as those of the training slices. */
async function swapped(name: string): Promise<string> {
  const other = place.at("runs", name);
  await cp(run, other, { recursive: true });
  await cp(join(other, "codes", "test.safetensors"), join(other, "codes", "train.safetensors"));
  return other;
}
