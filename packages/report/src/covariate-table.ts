import { decimals } from "@slicebook/runs/figures";
import type { TextTable } from "./evaluation-tables.ts";
import { count } from "./format.ts";
import type { ReportInput } from "./report-input.ts";

type Known = NonNullable<ReportInput["covariates"]>;

/** What is known of slices besides their classes, in the training slices, and of how many slices of each split. */
export function covariateTable({ covariates, known }: Known): TextTable {
  return {
    head: ["Covariate", "In training slices", "Known, training", "Validation", "Test"],
    rows: covariates.map((covariate, number) => [
      covariate.name,
      covariate.kind === "number" ? `${covariate.low} to ${covariate.high}` : covariate.categories.join(", "),
      ...[known.train, known.validate, known.test].map((counts) => count(counts[number]!)),
    ]),
  };
}

/** What the prior gains by them; nothing where it takes none. */
export function covariateNote({ bitsPerCode }: Known): string {
  if (bitsPerCode === undefined) return "";
  const [told, untold] = [decimals(bitsPerCode.told, 2), decimals(bitsPerCode.untold, 2)];
  return `The prior takes ${told} bits a code of test slices where it is told these, and ${untold} where it is not.`;
}
