import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { loadConfig, resolvedYaml } from "@slicebook/config";
import { decodeFile } from "@slicebook/datasets/node";
import { inUnitsOf } from "@slicebook/measure";
import { execute, type Request } from "@slicebook/pipeline";
import { readRun } from "@slicebook/runs";
import { type Measured, measured, type TestSlices, timed } from "./test-slices.ts";

type CompressRequest = Extract<Request, { readonly kind: "compress" }>;

interface Setting {
  readonly name: string;
  readonly request: Partial<CompressRequest>;
}

/** The ways to compress the slices of a run, a point of its curve each, by what codes are coded by. */
const SETTINGS: Readonly<Record<OurPoint["coding"], readonly Setting[]>> = {
  prior: [
    { name: "", request: {} },
    { name: "λ 0.1", request: { lambda: 0.1 } },
  ],
  tables: [{ name: "", request: {} }],
};

/** What a run makes of slices by `compress` and `decompress`. */
export interface OurPoint extends Measured {
  readonly run: string;
  /** What codes are coded by: an archive by the prior, or files by tables where the run has none. */
  readonly coding: "prior" | "tables";
  /** Of each slice, with its share of what an archive has once. */
  readonly bytes: readonly number[];
  /** Processor time of a slice among many: of compressing, which decodes what it wrote, and of restoring. */
  readonly milliseconds: { readonly compress: number; readonly restore: number };
}

/** Compresses and restores slices with a run by each of the settings, on one thread; the run stays as it is. */
export async function ourPoints(folder: string, test: TestSlices): Promise<OurPoint[]> {
  const { info, summary } = await readRun(folder);
  const coding = summary.stages.includes("train-prior") ? "prior" : "tables";
  const scratch = await mkdtemp(join(tmpdir(), "slicebook-rate-"));
  try {
    const run = await onOneThread(folder, join(scratch, "run"));
    const points: OurPoint[] = [];
    for (const { name, request } of SETTINGS[coding]) {
      const trip = (files: readonly string[]) =>
        roundTrip(files, { run, out: join(scratch, "files"), coding, request });
      const files = test.slices.map(({ file }) => file);
      // The first trip loads code; what a trip of one slice takes is what a command takes to start, that slice included.
      await trip(files.slice(0, 1));
      const [one, all] = [await trip(files.slice(0, 1)), await trip(files)];
      const perSlice = (of: "compress" | "restore") =>
        (all.milliseconds[of] - one.milliseconds[of]) / (files.length - 1);
      points.push({
        run: [info.name, name].filter((text) => text !== "").join(", "),
        coding,
        bytes: all.bytes,
        ...measured(test, { bytes: all.bytes, restored: await restoredSlices(all.restored, test) }),
        milliseconds: { compress: perSlice("compress"), restore: perSlice("restore") },
      });
    }
    return points;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A folder with the files of a run whose engine takes one thread. */
async function onOneThread(folder: string, target: string): Promise<string> {
  await mkdir(target);
  for (const name of await readdir(folder)) {
    if (name !== "config.yaml") await symlink(resolve(folder, name), join(target, name));
  }
  const config = await loadConfig(join(folder, "config.yaml"));
  const engine = { ...config.engine, threads: 1 };
  await writeFileAtomic(join(target, "config.yaml"), resolvedYaml({ ...config, engine }));
  return target;
}

/** Slices into files or an archive, and back into files. */
async function roundTrip(
  files: readonly string[],
  {
    run,
    out,
    coding,
    request,
  }: {
    readonly run: string;
    readonly out: string;
    readonly coding: OurPoint["coding"];
    readonly request: Partial<CompressRequest>;
  },
) {
  await rm(out, { recursive: true, force: true });
  const target =
    coding === "prior" ? { archive: join(out, "slices.slbk") } : { out: join(out, "compressed"), coding };
  const compressed = await timed(() =>
    execute({ kind: "compress", run, files, force: false, ...target, ...request }),
  );
  const restored = await timed(() =>
    execute({
      kind: "decompress",
      run,
      files: compressed.result.files,
      out: join(out, "restored"),
      force: false,
    }),
  );
  const listed = await execute({
    kind: "decompress",
    run,
    files: compressed.result.files,
    force: false,
    list: true,
  });
  const slices = listed.slices ?? [];
  const shared = compressed.result.figures.bytes! - slices.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    bytes: slices.map(({ bytes }) => bytes + shared / slices.length),
    restored: restored.result.files,
    milliseconds: { compress: compressed.milliseconds, restore: restored.milliseconds },
  };
}

/** Restored files in the units of their originals: NIfTI files have those, and PNGs span the original's range. */
function restoredSlices(files: readonly string[], { slices }: TestSlices): Promise<Float32Array[]> {
  return Promise.all(
    slices.map(async ({ original, orientation }, index) => {
      const file = files[index]!;
      const { values } = await decodeFile(file, { orientation });
      return file.endsWith(".png")
        ? inUnitsOf(original, Float32Array.from(values))
        : Float32Array.from(values);
    }),
  );
}
