import { copyFile, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors, isUsed } from "@slicebook/core/host";
import type { RunAnswer, RunsAnswer, SamplesAnswer } from "../shared/answers.ts";
import { createRunData, RUN_ANSWERS } from "./data.ts";
import { fileWithin } from "./files.ts";
import { pageFolder } from "./page-folder.ts";
import { openRunsFolder } from "./runs-folder.ts";

export interface ExportSiteOptions {
  /** The folder of a run, or of runs. */
  readonly run: string;
  /** Where the site goes; made if it is missing. */
  readonly out: string;
}

/**
 * Writes the viewer of a run (or of a folder of runs) as static files, the models inside, for any web server.
 *
 * Gives the paths of the files written, relative to `out`. Throws `RUN_NOT_FOUND` if there is no run, and `SITE_EXISTS`
 * if `out` holds anything other than a site.
 */
export async function exportSite({ run, out }: ExportSiteOptions): Promise<string[]> {
  const folder = await openRunsFolder(run);
  const data = createRunData(folder, { live: false });
  await checkOut(out);
  const written: string[] = [];
  const put = async (path: string, from: string) => {
    const to = join(out, path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
    written.push(path);
  };
  const putJson = async (path: string): Promise<unknown> => {
    const answer = await data.answer(path);
    if (answer === undefined) return undefined;
    await writeFileAtomic(join(out, "data", path), JSON.stringify(answer));
    written.push(`data/${path}`);
    return answer;
  };
  for (const file of await filesOf(pageFolder())) await put(file, join(pageFolder(), file));
  const { runs, damaged } = (await putJson("runs.json")) as RunsAnswer;
  if (runs.length === 0) {
    const [first] = damaged;
    if (first !== undefined) {
      throw new SlicebookError("RUN_DAMAGED", `${run} holds no run that can be read: ${first.reason}`, {
        remedy: "Fix what is named, or give another run.",
      });
    }
    throw new SlicebookError("RUN_NOT_FOUND", `${run} holds no run that can be read`, {
      remedy: "Give the folder that `slicebook run` or `slicebook train` made, such as runs/hipmri.",
    });
  }
  for (const { id } of runs) {
    for (const name of RUN_ANSWERS) {
      const answer = await putJson(`${id}/${name}`);
      const { models, others } = shownFiles(name, answer);
      for (const path of [...models, ...others]) {
        const from = await fileWithin(join(folder.root, id), path.split("/"));
        if (from === undefined) continue;
        if (others.includes(path)) await put(`files/${id}/${path}`, from);
        else {
          await writeFileAtomic(join(out, "files", id, path), await withoutTraining(from));
          written.push(`files/${id}/${path}`);
        }
      }
    }
  }
  return written;
}

/** The files of a run that the page may ask for, checkpoints apart, by what an answer of that name tells it. */
function shownFiles(
  name: (typeof RUN_ANSWERS)[number],
  answer: unknown,
): { readonly models: readonly string[]; readonly others: readonly string[] } {
  if (answer === undefined) return { models: [], others: [] };
  if (name === "samples.json") {
    const { trainPath, samples } = answer as SamplesAnswer;
    return { models: [], others: [trainPath, ...samples.flatMap(({ picture }) => picture ?? [])] };
  }
  if (name !== "run.json") return { models: [], others: [] };
  const { files } = answer as RunAnswer;
  const { model, preprocessing, prior, codes, grain, covariates, film, pairs, equalBytes, samples, report } =
    files;
  const there = (...paths: (string | null)[]) => paths.filter((path) => path !== null);
  return {
    models: there(model, prior),
    others: [
      ...there(preprocessing, codes, grain, covariates, samples, report),
      ...(film === null ? [] : [film.originals, ...film.frames.map(({ path }) => path)]),
      ...(pairs === null ? [] : [pairs.originals, pairs.reconstructions]),
      ...(equalBytes === null
        ? []
        : [equalBytes.originals, ...equalBytes.ways.map(({ picture }) => picture)]),
    ],
  };
}

/** A checkpoint with only what a model is used with: a quarter of what its training needs. */
async function withoutTraining(path: string): Promise<Uint8Array> {
  const { tensors } = decodeSafetensors(await readFile(path));
  return encodeSafetensors(Object.fromEntries(Object.entries(tensors).filter(([name]) => isUsed(name))));
}

/** A folder that is not empty is written into only if it holds a site already. */
async function checkOut(out: string): Promise<void> {
  const stats = await stat(out).catch(() => undefined);
  if (stats === undefined) return;
  const names = stats.isDirectory() ? await readdir(out) : ["a file"];
  if (names.length === 0) return;
  const index = await readFile(join(out, "index.html"), "utf8").catch(() => "");
  if (index.includes("<title>Slicebook</title>")) return;
  throw new SlicebookError("SITE_EXISTS", `${out} is not empty, and holds no Slicebook site`, {
    remedy: "Give a folder that does not exist yet.",
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
