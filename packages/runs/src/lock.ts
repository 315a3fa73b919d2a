import { createHash, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";
import { runPaths } from "./run-paths.ts";

const holderSchema = z.object({ pid: z.int(), host: z.string(), started: z.string() });

type Holder = z.output<typeof holderSchema>;

/**
 * The locks that this process holds: a lock file with its number may also be a dead one's that had the same.
 */
const held = new Set<string>();

/** How often a lock that cannot be read is read again, in case it is just being written, and how long between. */
const READINGS = 20;
const PAUSE_MS = 50;
/** What file systems without hard links say to one: exFAT, FAT and some on the network. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL", "EACCES"];

/**
 * Takes a run folder for this process; the returned function gives it back.
 *
 * A lock left by a process that is gone (killed, crashed) is taken over. Throws `RUN_LOCKED` if another one
 * works in the folder.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = runPaths(folder).lock;
  if (held.has(path)) throw locked(folder, "this process");
  held.add(path);
  let ownText: string;
  try {
    ownText = await take(path, folder);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    if ((await textOf(path)) === ownText) await rm(path, { force: true });
    held.delete(path);
  };
}

/** Whether a process works in a run folder now. */
export async function isLocked(folder: string): Promise<boolean> {
  const path = runPaths(folder).lock;
  const holder = holderIn(await textOf(path).catch(() => undefined));
  return holder !== undefined && (held.has(path) || (await isAlive(holder)));
}

/**
 * Makes a lock file; returns its text, which no other has.
 *
 * A lock of a process that is gone is removed by the one who holds another lock, named by the text of the first: of
 * several that find it, one removes it, and nobody removes the next one's in its place.
 */
async function take(path: string, folder: string): Promise<string> {
  const ownText = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    token: randomUUID(),
  });
  while (!(await create(path, ownText))) {
    const text = await readLock(path, folder);
    if (text === undefined) continue;
    const holder = holderIn(text);
    if (holder !== undefined && (await isAlive(holder))) {
      const where = holder.host === hostname() ? "" : ` on ${holder.host}`;
      throw locked(folder, `process ${holder.pid}${where}`, path);
    }
    const guard = `${path}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}.slicebook-tmp`;
    const right = await take(guard, folder).catch((error) => {
      if (error instanceof SlicebookError && error.code === "RUN_LOCKED") return undefined;
      throw error;
    });
    if (right === undefined) {
      // Another process is taking it over.
      await wait(PAUSE_MS);
      continue;
    }
    if ((await textOf(path)) === text) await rm(path, { force: true });
    if ((await textOf(guard)) === right) await rm(guard, { force: true });
  }
  return ownText;
}

/** Makes a file unless there is one; it appears with its text where the file system has hard links. */
async function create(path: string, text: string): Promise<boolean> {
  // Named so that `removeTemporaries` clears away what a kill right here would leave.
  const draft = `${path}.${randomUUID()}.slicebook-tmp`;
  await writeFile(draft, text);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // ENOENT: another process, which holds the lock, has cleared the draft away.
    if (code === "EEXIST" || code === "ENOENT") return false;
    if (!NO_LINKS.includes(code)) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** The text of a lock that is there; read again for a while where nobody can be made out, since it may be in writing. */
async function readLock(path: string, folder: string): Promise<string | undefined> {
  for (let reading = 1; ; reading++) {
    const text = await textOf(path).catch((error) => {
      throw new SlicebookError("RUN_LOCKED", `${folder} cannot be worked in: ${path} is not a lock file`, {
        remedy: `Delete ${path}, or give this run another name with run.name=NAME.`,
        cause: error,
      });
    });
    if (text === undefined || holderIn(text) !== undefined || reading === READINGS) return text;
    await wait(PAUSE_MS);
  }
}

/** A lock file's text; undefined where there is none. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Who holds a lock; undefined where its text is torn. */
function holderIn(text: string | undefined): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text ?? ""));
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
  const remedy = path === undefined ? "" : `; if that is not a run of Slicebook, delete ${path}`;
  return new SlicebookError("RUN_LOCKED", `${folder} is in use by ${holder}`, {
    remedy: `Wait until it ends, or give this run another name with run.name=NAME${remedy}.`,
  });
}
