import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";
import { adni, hipmri, oasis } from "./course-adapters.ts";
import { folder } from "./folder-adapter.ts";
import { phantom } from "./phantom-adapter.ts";
import type { DatasetAdapter } from "./types.ts";

/** The adapters that come with the package. */
export const builtInAdapters: readonly DatasetAdapter[] = [hipmri, oasis, adni, phantom, folder];

/** An adapter, and where a worker thread can load it from. */
export interface LoadedAdapter {
  readonly adapter: DatasetAdapter;
  /** A built-in's name or a module's URL; none for an object that only this thread has. */
  readonly specifier: string | undefined;
}

const isFunction = (value: unknown) => typeof value === "function";

const adapterShape = z.object({
  name: z.string(),
  description: z.string(),
  schema: z.custom<z.ZodType>((value) => hasSafeParse(value), { error: "expected a zod schema" }),
  defaultSize: z.custom(isFunction, { error: "expected a function" }),
  list: z.custom(isFunction, { error: "expected a function" }),
  decode: z.custom(isFunction, { error: "expected a function" }).optional(),
  decodeMask: z.custom(isFunction, { error: "expected a function" }).optional(),
  maskLabels: z.custom(isFunction, { error: "expected a function" }).optional(),
});

/**
 * Finds an adapter: a built-in by name, else a module by path (`./my-slices.js`, relative to `from`), URL, or
 * package.
 *
 * A module gives its adapter as its default export or as `adapter`. Throws `ADAPTER_UNKNOWN` if there is
 * none, and `ADAPTER_INVALID` if the module's export is no adapter.
 */
export async function loadAdapter(
  name: string,
  { from = process.cwd() }: { readonly from?: string } = {},
): Promise<LoadedAdapter> {
  const builtIn = builtInAdapters.find((adapter) => adapter.name === name);
  if (builtIn !== undefined) return { adapter: builtIn, specifier: name };
  const specifier = moduleOf(name, from);
  const module: Record<string, unknown> = await import(specifier).catch((error: unknown) => {
    const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    const names = builtInAdapters.map((adapter) => adapter.name).join(", ");
    throw new SlicebookError("ADAPTER_UNKNOWN", `there is no data set adapter "${name}": ${why}`, {
      remedy: `Use ${names}, or the path or package of an adapter.`,
      cause: error,
    });
  });
  return { adapter: checkedAdapter(module.default ?? module.adapter, name), specifier };
}

/** Checks that a value from outside has an adapter's shape. */
function checkedAdapter(value: unknown, source: string): DatasetAdapter {
  const result = adapterShape.safeParse(value);
  if (!result.success) {
    const what =
      value === undefined
        ? "it has no default export and none called adapter"
        : z.prettifyError(result.error);
    throw new SlicebookError("ADAPTER_INVALID", `${source} does not give a data set adapter: ${what}`, {
      remedy: "Export an object of the type DatasetAdapter from @slicebook/datasets as the default.",
    });
  }
  return value as DatasetAdapter; // what the schema cannot say: the functions' own types
}

function moduleOf(name: string, from: string): string {
  if (name.startsWith("file:")) return name;
  if (name.startsWith(".") || isAbsolute(name)) return pathToFileURL(resolve(from, name)).href;
  try {
    return pathToFileURL(createRequire(join(from, "adapter.js")).resolve(name)).href;
  } catch {
    // The package is not installed beside the configuration, or is for import only: let the import decide.
    return name;
  }
}

function hasSafeParse(value: unknown): boolean {
  return typeof value === "object" && value !== null && "safeParse" in value && isFunction(value.safeParse);
}
