import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SlicebookError } from "@slicebook/base";
import type { Prior } from "@slicebook/core";
import { pixelcnn } from "@slicebook/prior-pixelcnn";
import { z } from "zod";

/** The priors that come with Slicebook, registered as a plug-in's is. */
export const builtInPriors: readonly Prior[] = [pixelcnn];

const priorShape = z.object({
  name: z.string().min(1),
  schema: z.custom<z.ZodType>(
    (value) =>
      typeof value === "object" && value !== null && "safeParse" in value && isFunction(value.safeParse),
    { error: "expected a zod schema" },
  ),
  bind: z.custom(isFunction, { error: "expected a function" }),
});

/**
 * Finds a prior: a built-in by name, else a module by path (`./my-prior.js`, from the current directory) or
 * package.
 *
 * A module gives its prior as its default export or as `prior`. Throws `PRIOR_UNKNOWN` if there is none, and
 * `PRIOR_INVALID` if the module's export is no prior.
 */
export async function loadPrior(name: string): Promise<Prior> {
  const builtIn = builtInPriors.find((prior) => prior.name === name);
  if (builtIn !== undefined) return builtIn;
  const module: Record<string, unknown> = await import(specifierOf(name)).catch((error: unknown) => {
    const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    throw new SlicebookError("PRIOR_UNKNOWN", `there is no prior "${name}": ${why}`, {
      remedy: `Use ${builtInPriors.map((one) => one.name).join(", ")}, or the path or package of a prior.`,
      cause: error,
    });
  });
  const found = module.default ?? module.prior;
  const result = priorShape.safeParse(found);
  if (!result.success) {
    const what =
      found === undefined ? "it has no default export and none called prior" : z.prettifyError(result.error);
    throw new SlicebookError("PRIOR_INVALID", `${name} does not give a prior: ${what}`, {
      remedy: "Export an object of the type Prior from @slicebook/core as the default.",
    });
  }
  return found as Prior; // what the schema cannot say: the functions' own types
}

function specifierOf(name: string): string {
  if (name.startsWith("file:")) return name;
  if (name.startsWith(".") || isAbsolute(name)) return pathToFileURL(resolve(name)).href;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), "prior.js")).resolve(name)).href;
  } catch {
    // Not installed beside the configuration, or for import only: let the import decide.
    return name;
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
