import type { ResolveHook } from "node:module";

/** The module whose packages are offered, in the query with which `importPlugin` registers this file. */
const home = decodeURIComponent(new URL(import.meta.url).search.slice(1));

/** Finds packages that are not installed where they are imported among those of Slicebook. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!isPackage(specifier) || !isNotFound(error)) throw error;
    return await Promise.resolve(next(specifier, { ...context, parentURL: home })).catch(() => {
      throw error;
    });
  }
};

function isPackage(specifier: string): boolean {
  return /^(?:@[\w.-]+\/)?[\w-]/.test(specifier) && !specifier.includes(":");
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
