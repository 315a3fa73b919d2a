import { createEngine } from "@slicebook/engine";
import { describe, expect, it } from "vitest";
import { CONTRACT_SPACES, priorContract } from "../../src/testing/index.ts";
import { type Fault, neighbourPrior } from "./neighbour-prior.ts";

const engine = await createEngine({ kind: "cpu" });

describe("a prior that is as it should be", () => {
  for (const { name, run } of priorContract(neighbourPrior(), { engine })) it(name, run);
});

/** What the contract says of each fault, where one grid or two levels with classes are drawn. */
const reasons: Readonly<Record<Fault, RegExp>> = {
  "leaves probability over": /^the probabilities of all 1296 grids sum to 0\.\d+, not to 1$/,
  "sees the code itself": /^(?:the probabilities of all .* sum to|the code . at level 0, row 0)/,
  "sees the next row": /changes from \S+ to \S+ with the code at level 0, row 1, .*, which comes after it$/,
  "calls every code the likeliest": /has correct 1, and is not the likeliest$/,
  "heeds no label": /^it names the condition labels, but ln p is the same whatever that is$/,
  "has a cache that lags behind": /: sample draws \d, drawing from score gives \d$/,
  "draws by the batch": /: drawn as one of \d+, it is \d, as one of 18 \d$/,
  "draws by no seed": /^another seed draws the same samples$/,
  "draws over what is given": /the code \d is given, and \d drawn$/,
  "does not have known codes first": /with the code at level 0, row 1, column 0, which comes after it$/,
  "draws every level anew":
    /drawn after the levels that are given in options\.drawn, it is \d, drawn with them \d$/,
  "hands over no row": /: onRow was given -1, sample gives \d$/,
  "takes any option": /^sample does not refuse \{"count":-1\} with SAMPLE_OPTIONS$/,
  "never stops": /^sample does not reject with the reason of a signal that is aborted$/,
  "counts by the clock": /^part 0: the same steps give another "average\.counts0"$/,
  "keeps weights by other names":
    /^parameters\(carry, \{ average: true \}\) needs tensors not named "average\.…"/,
};

describe("a prior with a fault is told of it", () => {
  const space = "two levels of one size, two classes";
  const spaces = { [space]: CONTRACT_SPACES[space]! };
  it.each(Object.entries(reasons))("%s", async (fault, reason) => {
    const found: string[] = [];
    for (const { run } of priorContract(neighbourPrior(fault as Fault), { engine, spaces })) {
      await run().catch((error: Error) => found.push(error.message));
    }
    expect(found).toContainEqual(expect.stringMatching(reason));
  });
});
