import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { crc32 } from "@slicebook/base";
import { encodeSafetensors } from "@slicebook/core";
import { decodeFile } from "@slicebook/datasets/node";
import type { Evaluation } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../src/api/execute.ts";
import type { Request } from "../../src/api/requests.ts";
import { listen, readJsonFile, readTensors, TINY, temporaryFolder } from "../helpers.ts";

type RequestOf<Kind extends Request["kind"]> = Extract<Request, { readonly kind: Kind }>;

const place = temporaryFolder();
let run: string;
/** A NIfTI slice, and what `reconstruct` makes of it. */
let nifti: string;

const compress = (files: readonly string[], out: string, more: Partial<RequestOf<"compress">> = {}) =>
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

describe("slices that are coded by the run's prior", () => {
  let prior: string;
  const small = (name: string) => place.at("by-prior", `${name}.slbk`);
  const first = "case_004_week_0_slice_0";

  beforeAll(async () => {
    prior = place.at("runs", "with-prior");
    await cp(run, prior, { recursive: true });
    await execute({ kind: "stages", run: prior, overrides: [], stages: ["train-prior"], resume: false });
    const data = place.at("pictures");
    const subjects = { train: 1, validate: 1, test: 1 };
    await execute({ kind: "phantom", layout: "oasis", out: data, seed: 4, subjects, slicesPerSubject: 2 });
    const folder = join(data, "keras_png_slices_train");
    pictures = (await readdir(folder, { recursive: true }))
      .filter((name) => name.endsWith(".png"))
      .sort()
      .map((name) => join(folder, name));
    await compress([nifti, ...pictures], place.at("by-prior"), { run: prior });
  });
  let pictures: string[];

  it("come back as reconstruct gives them, in fewer bytes", async () => {
    expect((await stat(small(first))).size).toBeLessThan(
      (await stat(place.at("small", `${first}.slbk`))).size,
    );
    await decompress([small(first)], place.at("restored-by-prior"), { run: prior });
    await execute({ kind: "reconstruct", run: prior, files: [nifti], out: place.at("reconstructed") });
    const [restored, reconstructed] = await Promise.all(
      ["restored-by-prior", "reconstructed"].map((folder) => decodeFile(place.at(folder, `${first}.nii.gz`))),
    );
    expect(restored!.affine).toEqual(reconstructed!.affine);
    // Their preprocessing is kept as float32.
    const least = 1e-6 * Math.max(...reconstructed!.values.map(Math.abs));
    reconstructed!.values.forEach((value, at) => {
      expect(Math.abs(restored!.values[at]! - value)).toBeLessThanOrEqual(least);
    });
  });

  it("take the same bytes alone, and on two threads", async () => {
    const other = place.at("runs", "two-threads");
    await cp(prior, other, { recursive: true });
    const config = join(other, "config.yaml");
    await writeFile(config, (await readFile(config, "utf8")).replace("threads: 1", "threads: 2"));
    await compress([nifti], place.at("alone"), { run: other });
    expect(await readFile(place.at("alone", `${first}.slbk`))).toEqual(await readFile(small(first)));
  });

  it("take fewer bytes by --lambda, whose codes come back as they were chosen, and the nearest ones with a tiny one", async () => {
    const bytes = async (lambda: number) => {
      const out = place.at(`lambda-${lambda}`);
      await compress([nifti, ...pictures], out, { run: prior, lambda });
      return Promise.all(
        (await readdir(out)).sort().map(async (name) => (await readFile(join(out, name))).toString("hex")),
      );
    };
    const nearest = await Promise.all(
      (await readdir(place.at("by-prior")))
        .sort()
        .map(async (name) => (await readFile(place.at("by-prior", name))).toString("hex")),
    );
    expect(await bytes(1e-6)).toEqual(nearest);
    const [few, fewest] = [await bytes(5), await bytes(100)];
    const total = (files: readonly string[]) => files.join("").length;
    expect(total(few)).toBeLessThan(total(nearest));
    expect(total(fewest)).toBeLessThan(total(few));
    await decompress([place.at("lambda-100", `${first}.slbk`)], place.at("restored-lambda"), { run: prior });
  });

  it("cannot be chosen by bits where tables code them, or by a negative weight", async () => {
    await expect(
      compress([nifti], place.at("no"), { run: prior, lambda: 1, coding: "tables" }),
    ).rejects.toMatchObject({ code: "ARGUMENT_INVALID", message: expect.stringContaining("--lambda") });
    await expect(compress([nifti], place.at("no"), { run: prior, lambda: -1 })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
      message: "--lambda is -1, and must be a number from 0",
    });
    await expect(compress([nifti], place.at("no"), { run, lambda: 1 })).rejects.toMatchObject({
      code: "STAGE_MISSING",
    });
  });

  it("are coded by tables where that is asked for, and say so where there is no prior", async () => {
    await compress([nifti], place.at("by-tables"), { run: prior, coding: "tables" });
    const name = `${first}.slbk`;
    expect(await readFile(place.at("by-tables", name))).toEqual(await readFile(place.at("small", name)));
    await decompress([place.at("by-tables", name)], place.at("restored-by-tables"), { run: prior });
    const { events, onEvent } = listen();
    await execute(
      { kind: "compress", run, files: [nifti], out: place.at("no-prior"), force: false },
      { onEvent },
    );
    expect(events).toContainEqual({ type: "note", text: expect.stringContaining("has no trained prior") });
    for (const more of [{ coding: "prior" }, { archive: place.at("none.slbk") }] as const) {
      await expect(compress([nifti], place.at("nothing"), more)).rejects.toMatchObject({
        code: "STAGE_MISSING",
        remedy: `Run \`slicebook train-prior ${run}\` first.`,
      });
    }
  });

  it("are refused where they are damaged, or the run has another prior or none", async () => {
    const bytes = await readFile(small(first));
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 9]! ^= 4;
    // With the right checksum of its bytes: its codes are read, and are others.
    const other = Buffer.from(flipped);
    other.writeUInt16LE(crc32(other.subarray(0, -6)) & 0xffff, other.length - 6);
    const changedPrior = await changed("prior-trained-anew", "prior/checkpoints/best.safetensors", prior);
    const cases = [
      [await file("flipped-2.slbk", flipped), prior, "SLBK_INVALID", "checksum"],
      [await file("other.slbk", other), prior, "SLBK_INVALID", "do not come out"],
      [await file("cut-2.slbk", bytes.subarray(0, -1)), prior, "SLBK_INVALID", "checksum"],
      [await file("head.slbk", bytes.subarray(0, 9)), prior, "SLBK_INVALID", "cut off"],
      [small(first), changedPrior, "PRIOR_DIFFERS", /with the prior [0-9a-f]{8}, and .* has [0-9a-f]{8}$/],
      [small(first), run, "PRIOR_DIFFERS", "has none"],
    ] as const;
    for (const [path, from, code, message] of cases) {
      const wrong = decompress([path], place.at("nothing"), { run: from });
      await expect(wrong, path).rejects.toMatchObject({ code });
      await expect(wrong, path).rejects.toThrow(message);
      await expect(wrong, path).rejects.toThrow(path);
    }
    expect(await readdir(place.at())).not.toContain("nothing");
  });

  it("share an archive, out of which each can be restored alone", async () => {
    const archive = place.at("set.slbk");
    const files = [nifti, ...pictures];
    const { figures, files: written } = await execute({
      kind: "compress",
      run: prior,
      files,
      force: false,
      archive,
    });
    expect(written.map((path) => path.split("/").at(-1))).toEqual(["set.slbk"]);
    expect(figures.bytes).toBe((await stat(archive)).size);
    const { slices = [] } = await execute({ ...listing, run: prior, files: [archive] });
    expect(slices.map(({ name }) => name)).toEqual([first, ...pictures.map(nameOf)]);

    const names = [nameOf(pictures[1]!)];
    await execute({
      ...listing,
      list: false,
      run: prior,
      files: [archive],
      only: names,
      out: place.at("one"),
    });
    await decompress([small(names[0]!)], place.at("one-alone"), { run: prior });
    expect(await readdir(place.at("one"))).toEqual([`${names[0]}.png`]);
    expect(await readFile(place.at("one", `${names[0]}.png`))).toEqual(
      await readFile(place.at("one-alone", `${names[0]}.png`)),
    );
    const unknown = execute({ ...listing, list: false, run: prior, files: [archive], only: ["x"] });
    await expect(unknown).rejects.toThrow(`--only x: no archive among ${archive} has it`);
  });

  it("say which slice of an archive is damaged, and leave the others readable", async () => {
    const bytes = await readFile(place.at("set.slbk"));
    const last = nameOf(pictures.at(-1)!);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 9]! ^= 4;
    const damaged = await file("damaged-set.slbk", flipped);
    await expect(decompress([damaged], place.at("nothing"), { run: prior })).rejects.toThrow(
      `${last} in ${damaged}: this is not a slice that Slicebook compressed: it is damaged`,
    );
    await execute({
      ...listing,
      list: false,
      run: prior,
      files: [damaged],
      only: [first],
      out: place.at("rest"),
    });
    const index = Buffer.from(bytes);
    index[20]! ^= 1;
    for (const content of [index, bytes.subarray(0, -1), Buffer.concat([bytes, bytes.subarray(0, 1)])]) {
      const wrong = decompress([await file("wrong-set.slbk", content)], place.at("nothing"), { run: prior });
      await expect(wrong).rejects.toMatchObject({ code: "SLBK_INVALID" });
    }
  });
});

/** A slice's name by its file. */
const nameOf = (path: string) => basename(path).replace(/(\.nii)?\.png$/, "");

const listing = { kind: "decompress", force: false, list: true } as const;

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(place.at(name), bytes);
  return place.at(name);
}

/** The run with another checkpoint: that of one averaged weight's last bit. */
async function changed(name: string, path: string, from = run): Promise<string> {
  const other = place.at("runs", name);
  await cp(from, other, { recursive: true });
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
