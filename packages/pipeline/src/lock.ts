import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";

const holderSchema = z.object({ pid: z.int(), host: z.string(), started: z.string() });

/**
 * The locks that this process holds: a lock file with its number may also be a dead one's that had the same.
 */
const held = new Set<string>();

/**
 * Takes a run folder for this process; the returned function gives it back.
 *
 * A lock left by a process that is gone (killed, crashed) is taken over. Throws `RUN_LOCKED` if another one
 * works in the folder.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, ".lock");
  if (held.has(path)) throw locked(folder, "this process");
  held.add(path);
  try {
    while (!(await create(path))) {
      const holder = await holderOf(path);
      if (holder !== undefined && (await isAlive(holder))) {
        const where = holder.host === hostname() ? "" : ` on ${holder.host}`;
        throw locked(folder, `process ${holder.pid}${where}`, path);
      }
      await rm(path, { force: true });
    }
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
}

type Holder = z.output<typeof holderSchema>;

/** Makes the lock file unless there is one; it appears with its text, so that nobody finds it empty. */
async function create(path: string): Promise<boolean> {
  const holder: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  // Named so that `removeTemporaries` clears away what a kill right here would leave.
  const draft = `${path}.${randomUUID()}.slicebook-tmp`;
  await writeFile(draft, JSON.stringify(holder));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether a process works in a run folder now. */
export async function isLocked(folder: string): Promise<boolean> {
  const holder = await holderOf(join(folder, ".lock"));
  return holder !== undefined && (held.has(join(folder, ".lock")) || (await isAlive(holder)));
}

/** Who holds a lock; undefined where the file is torn or gone. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true; // cannot be known from here
  if (pid === process.pid) return false; // not in `held`, so it was an earlier process of the same number
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return started === "" || started === (await startOf(pid));
}

/**
 * When a process was started, in the kernel's ticks, which tells it from a later one of the same number; ""
 * unknown.
 */
async function startOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function locked(folder: string, holder: string, path?: string): SlicebookError {
  const remedy = path === undefined ? "" : `; if that is no run of Slicebook, delete ${path}`;
  return new SlicebookError("RUN_LOCKED", `${folder} is in use by ${holder}`, {
    remedy: `Wait until it ends, or give this run another name with run.name=NAME${remedy}.`,
  });
}
