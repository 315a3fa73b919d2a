import { execFile } from "node:child_process";
import { createRequire, register } from "node:module";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { isSlicebookError, SlicebookError } from "./error.ts";
import type { ErrorCode } from "./error-codes.ts";

/** What a plug-in is called in messages, and which codes its errors have. */
export interface PluginKind {
  /** Such as `data set adapter`. */
  readonly what: string;
  /** The code where there is no such plug-in. */
  readonly unknown: ErrorCode;
  /** The code where there is one that cannot be used. */
  readonly invalid: ErrorCode;
  /** Those that come with Slicebook, for the remedy. */
  readonly builtIn: readonly string[];
}

/** Where a plug-in's module is looked for, and what it may import. */
export interface ImportPluginOptions {
  /** The folder from which paths start. */
  readonly from: string;
  /** URLs of modules whose packages it may import where it has no such package of its own. */
  readonly homes: readonly string[];
}

/** A plug-in's module. */
export interface PluginModule {
  readonly url: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The plug-ins of this thread: the URL of each, and its name and kind. */
const imported = new Map<string, { readonly name: string; readonly kind: PluginKind }>();
const offered = new Set<string>();

/**
 * Imports a plug-in by path (`./my-slices.js`), URL or package.
 *
 * Packages that are not installed beside it are taken from Slicebook. Throws `kind.unknown` if there is no such module,
 * and `kind.invalid`, with file and line, if it cannot be imported.
 */
export async function importPlugin(
  name: string,
  kind: PluginKind,
  { from, homes }: ImportPluginOptions,
): Promise<PluginModule> {
  for (const home of homes) offerPackages(home);
  // An op that a plug-in calls may fail many calls further down; its place is wanted all the same.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
  const url = urlOf(name, from);
  try {
    const exports: Record<string, unknown> = await import(url);
    imported.set(url, { name, kind });
    return { url, exports };
  } catch (error) {
    throw await importError(error, { name, kind, url });
  }
}

/**
 * The error that a plug-in is to blame for, with the file and the line in it; any other error as it is.
 *
 * A remedy that the error has is kept.
 */
export function blamedOnPlugin(error: unknown): unknown {
  if (!(error instanceof Error) || isSlicebookError(error)) return error;
  const frames = framesOf(error);
  const plugins = [...imported].map(([url, plugin]) => ({ ...plugin, url }));
  for (const isIts of [isFile, isBeside]) {
    for (const frame of frames) {
      const plugin = plugins.find(({ url }) => isIts(frame, url));
      if (plugin !== undefined) return pluginError(error, { ...plugin, place: placeOf(frame) });
    }
  }
  return error;
}

/** The error of a plug-in, at a place in it where that is known. */
export function pluginError(
  error: unknown,
  { name, kind, place }: { readonly name: string; readonly kind: PluginKind; readonly place?: string },
): SlicebookError {
  const message = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  const hasRemedy = error instanceof Error && "remedy" in error && typeof error.remedy === "string";
  const where = place === undefined ? "" : ` at ${place}`;
  return new SlicebookError(kind.invalid, `the ${kind.what} "${name}" failed${where}: ${message}`, {
    remedy: hasRemedy
      ? String(error.remedy)
      : "Correct it there, or what it is given (its options, its folder); docs/extending.md says what it must do.",
    cause: error,
  });
}

/** The homes whose packages this thread's modules may import, for another thread to offer them too. */
export function offeredHomes(): readonly string[] {
  return [...offered];
}

/** Lets modules of this thread import the packages of the module at `home`. */
function offerPackages(home: string): void {
  if (offered.has(home)) return;
  offered.add(home);
  // The hooks run in a thread of their own, from the build: also where this process runs the sources.
  const file = createRequire(import.meta.url).resolve("@slicebook/base/plugin-hooks");
  register(`${pathToFileURL(file)}?${encodeURIComponent(home)}`);
}

function urlOf(name: string, from: string): string {
  if (name.startsWith("file:")) return name;
  if (name.startsWith(".") || isAbsolute(name)) return pathToFileURL(resolve(from, name)).href;
  try {
    return pathToFileURL(createRequire(join(from, "plugin.js")).resolve(name)).href;
  } catch {
    // The package is not installed there, or is for import only: let the import decide.
    return name;
  }
}

async function importError(
  error: unknown,
  { name, kind, url }: { readonly name: string; readonly kind: PluginKind; readonly url: string },
): Promise<SlicebookError> {
  const message = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [, missing, importer] = /^Cannot find (?:package|module) '([^']+)'(?: imported from (.+))?/.exec(
    message,
  ) ?? [undefined, undefined, undefined];
  const itself = missing === url || (url.startsWith("file:") && missing === fileURLToPath(url));
  const folder = code === "ERR_UNSUPPORTED_DIR_IMPORT";
  if ((code === "ERR_MODULE_NOT_FOUND" && itself) || folder) {
    const why = folder ? `${missing ?? url} is a folder` : message.replace(/ imported from .*/, "");
    return new SlicebookError(kind.unknown, `there is no ${kind.what} "${name}": ${why}`, {
      remedy: `Use ${kind.builtIn.join(", ")}, or the path (from the current folder) or package of one.`,
      cause: error,
    });
  }
  if (missing !== undefined && code.endsWith("MODULE_NOT_FOUND")) {
    const file = importer === undefined ? name : shortPath(importer);
    return new SlicebookError(
      kind.invalid,
      `the ${kind.what} "${name}" cannot be loaded: ${file} imports "${missing}", which is not there`,
      {
        remedy: isAbsolute(missing)
          ? "Correct the path in it."
          : "Install that package beside it; Slicebook's own are offered to ES modules (import).",
        cause: error,
      },
    );
  }
  const frame = error instanceof Error ? framesOf(error).find((one) => isBeside(one, url)) : undefined;
  const place = frame === undefined ? ((await syntaxPlace(url)) ?? name) : placeOf(frame);
  return new SlicebookError(
    kind.invalid,
    `the ${kind.what} "${name}" cannot be loaded: ${place}: ${message}`,
    {
      remedy: "Correct it there; docs/extending.md shows a whole one.",
      cause: error,
    },
  );
}

interface Frame {
  readonly url: string;
  readonly line: string;
}

/** The places that an error names, innermost first; a TraceError's message names the call that it is about. */
function framesOf(error: Error): readonly Frame[] {
  const text = `${error.stack ?? ""}\n${error.message}`;
  return Array.from(text.matchAll(/((?:file:\/\/)?\/[^\s():]+):(\d+)(?::\d+)?/g), ([, path, line]) => ({
    url: path!.startsWith("file:") ? path! : pathToFileURL(path!).href,
    line: line!,
  }));
}

function placeOf({ url, line }: Frame): string {
  return `${shortPath(fileURLToPath(url))}:${line}`;
}

function isFile(frame: Frame, url: string): boolean {
  return frame.url === url;
}

/** Whether a place is in a module of the plug-in's own folder. */
function isBeside(frame: Frame, url: string): boolean {
  const folder = url.slice(0, url.lastIndexOf("/") + 1);
  if (!url.startsWith("file:") || !frame.url.startsWith(folder) || isSlicebooks(frame.url)) return false;
  return !frame.url.slice(folder.length).includes("node_modules/");
}

/** Whether a module is one of ours: a plug-in may lie at the root of a clone. */
function isSlicebooks(url: string): boolean {
  return url.startsWith(new URL("../../", import.meta.url).href);
}

/** Where a file's syntax is wrong, which an import does not tell. */
async function syntaxPlace(url: string): Promise<string | undefined> {
  if (!url.startsWith("file:")) return undefined;
  const file = fileURLToPath(url);
  const { stderr = "" } = await promisify(execFile)(process.execPath, ["--check", file]).catch(
    (error: { stderr?: string }) => error,
  );
  const [, line] = /:(\d+)\n/.exec(`${stderr.split("\n")[0]!}\n`) ?? [];
  return line === undefined ? undefined : `${shortPath(file)}:${line}`;
}

/** A path from here, unless it leads up and out. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith(`..${sep}`) || short === "" ? path : short;
}
