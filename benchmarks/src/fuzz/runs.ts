import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32, type Random } from "@slicebook/base";
import { execute } from "@slicebook/pipeline";
import { listRuns, readRun } from "@slicebook/runs";
import { serveViewer } from "@slicebook/viewer";
import { mutatedBytes, mutatedText } from "./mutate.ts";

/** The files of a run that a reader may meet damaged. */
const FILES = [
  "run.json",
  "config.yaml",
  "metrics.jsonl",
  "evaluation.json",
  "subjects.json",
  "checkpoints/preprocessing.safetensors",
  "checkpoints/best.safetensors",
  "codes/train.safetensors",
  "codes/test.safetensors",
];

/** A run to damage, and what reads it. */
export interface RunUnderTest {
  readonly folder: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly slbk: Buffer;
  /** The viewer's server on it. */
  readonly url: string;
}

export async function openRunUnderTest(folder: string, slbk: string): Promise<RunUnderTest> {
  const files = new Map<string, Buffer>();
  for (const name of FILES) files.set(name, await readFile(join(folder, name)));
  const { url } = await serveViewer(dirname(folder), { port: 0 });
  return { folder, files, slbk: await readFile(slbk), url: new URL("/", url).href };
}

/** Damages one file of a run, reads the run as `list`, `view` and `decompress` do, and puts the file back. */
export async function fuzzRun(run: RunUnderTest, draw: Random, folder: string): Promise<void> {
  const names = [...run.files.keys()];
  const pick = () => names[draw.integer(names.length)]!;
  const name = pick();
  const [whole, other] = [run.files.get(name)!, run.files.get(pick())!];
  const path = join(run.folder, name);
  const damaged = name.endsWith(".safetensors")
    ? mutatedTensors(whole, other, draw)
    : mutatedText(whole.toString("utf8"), other.toString("latin1"), draw);
  await writeFile(path, damaged);
  try {
    const refusals: unknown[] = [];
    // Each reader is tried, whatever the one before says; the first error that is not the user's counts.
    const tryAll = async (readers: readonly (() => Promise<unknown>)[]) => {
      for (const read of readers) await read().catch((error: unknown) => refusals.push(error));
    };
    const id = basename(run.folder);
    const data = (file: string) => () => served(`${run.url}data/${file}`);
    await tryAll([
      () => readRun(run.folder),
      () => listRuns(dirname(run.folder)),
      data("runs.json"),
      data(`${id}/run.json`),
      data(`${id}/codebook.json`),
    ]);
    if (draw.uniform() < 0.3) await tryAll([() => decompressed(run, run.slbk, folder)]);
    const worst = refusals.find((error) => (error as Error).name !== "SlicebookError") ?? refusals[0];
    if (worst !== undefined) throw worst;
  } finally {
    await writeFile(path, whole);
  }
}

/** Damages a compressed slice, mostly with a checksum that is true again, and restores it. */
export async function fuzzSlbk(run: RunUnderTest, draw: Random, folder: string): Promise<void> {
  const bytes = mutatedBytes(run.slbk, run.slbk, draw);
  if (draw.uniform() < 0.5 && bytes.length > 4) {
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  }
  await decompressed(run, bytes, folder);
}

async function decompressed(run: RunUnderTest, bytes: Uint8Array, folder: string): Promise<void> {
  const file = join(folder, "slice.slbk");
  await writeFile(file, bytes);
  const out = join(folder, "decompressed");
  await execute({ kind: "decompress", run: run.folder, files: [file], out, force: true });
}

/** What the server says of an error that it does not know; of a file that cannot be read it says which and why. */
const INTERNAL = "something went wrong in the server";

/** An answer of the viewer's server; an error of its own if it calls its failure internal. */
async function served(url: string): Promise<void> {
  const response = await fetch(url);
  const text = await response.text();
  if (text.includes(INTERNAL))
    throw new Error(`${new URL(url).pathname} is answered ${response.status}: ${text}`);
  if (response.ok) JSON.parse(text);
}

/** Safetensors whose header is damaged as the JSON that it is, its length true again, or whose bytes are. */
function mutatedTensors(whole: Buffer, other: Buffer, draw: Random): Buffer {
  if (draw.uniform() < 0.5) return mutatedBytes(whole, other, draw);
  const length = Number(whole.readBigUInt64LE(0));
  const header = mutatedText(whole.toString("utf8", 8, 8 + length), "{}", draw);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([start, header, whole.subarray(8 + length)]);
}
