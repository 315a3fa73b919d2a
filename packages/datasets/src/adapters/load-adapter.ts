import { importPlugin, type PluginKind } from "@slicebook/base/node";
import type { DatasetAdapter } from "../types.ts";
import { checkedAdapter } from "./checked-adapter.ts";
import { adni, hipmri, oasis } from "./course.ts";
import { folder } from "./folder.ts";
import { phantom } from "./phantom.ts";

/** The adapters that come with the package. */
export const builtInAdapters: readonly DatasetAdapter[] = [hipmri, oasis, adni, phantom, folder];

/** An adapter, and where a worker thread can load it from. */
export interface LoadedAdapter {
  readonly adapter: DatasetAdapter;
  /** A built-in's name or a module's URL; none for an object that only this thread has. */
  readonly specifier: string | undefined;
}

const kind: PluginKind = {
  what: "data set adapter",
  unknown: "ADAPTER_UNKNOWN",
  invalid: "ADAPTER_INVALID",
  builtIn: builtInAdapters.map((adapter) => adapter.name),
};

/** How {@link loadAdapter} finds a module. */
export interface LoadAdapterOptions {
  /** The folder from which paths start; the working directory unless given. */
  readonly from?: string;
  /** URLs of modules whose packages the adapter may import, beside those of this package. */
  readonly homes?: readonly string[];
}

/**
 * Finds an adapter: a built-in by name, else a module by path (`./my-slices.js`, relative to `from`), URL, or
 * package.
 *
 * A module gives its adapter as its default export or as `adapter`, and may import Slicebook's packages wherever it
 * lies. What it lists and decodes is checked. Throws `ADAPTER_UNKNOWN` if there is none, and `ADAPTER_INVALID` if it
 * cannot be imported or its export is not an adapter.
 */
export async function loadAdapter(
  name: string,
  { from = process.cwd(), homes = [] }: LoadAdapterOptions = {},
): Promise<LoadedAdapter> {
  const builtIn = builtInAdapters.find((adapter) => adapter.name === name);
  if (builtIn !== undefined) return { adapter: builtIn, specifier: name };
  const { url, exports } = await importPlugin(name, kind, { from, homes: [import.meta.url, ...homes] });
  return { adapter: checkedAdapter(exports.default ?? exports.adapter, name), specifier: url };
}
