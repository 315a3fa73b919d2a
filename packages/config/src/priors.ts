import { importPlugin, type PluginKind } from "@slicebook/base/node";
import type { Prior } from "@slicebook/core";
import { builtInPriors } from "./built-in-priors.ts";
import { checkedPrior } from "./checked-prior.ts";
import { pluginHomes } from "./plugin-homes.ts";

/** What a prior is as a plug-in. */
export const priorKind: PluginKind = {
  what: "prior",
  unknown: "PRIOR_UNKNOWN",
  invalid: "PRIOR_INVALID",
  builtIn: [...builtInPriors.keys()],
};

/**
 * Finds a prior: a built-in by name, else a module by path (`./my-prior.js`, from the current directory) or
 * package.
 *
 * A module gives its prior as its default export or as `prior`, and may import Slicebook's packages wherever it lies.
 * What its functions return is checked. Throws `PRIOR_UNKNOWN` if there is none, and `PRIOR_INVALID` if it cannot be
 * imported or its export is not a prior.
 */
export async function loadPrior(name: string): Promise<Prior> {
  const builtIn = builtInPriors.get(name);
  if (builtIn !== undefined) return builtIn();
  const { exports } = await importPlugin(name, priorKind, { from: process.cwd(), homes: pluginHomes });
  return checkedPrior(exports.default ?? exports.prior, name);
}
