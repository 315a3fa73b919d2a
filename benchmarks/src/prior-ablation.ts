import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import { runJson } from "./measurement.ts";
import { signed, tableLines } from "./table.ts";

/** What helps the prior where slices are few, without each in turn, and what was the default before. */
const VARIANTS: readonly { readonly name: string; readonly overrides: readonly string[] }[] = [
  { name: "as the run has it", overrides: [] },
  { name: "without varied copies", overrides: ["prior.augment.copies=0"] },
  { name: "without dropout", overrides: ["prior.options.dropout=0"] },
  { name: "with dropout of 0.1 at every level", overrides: ["prior.options.dropout=0.1"] },
  {
    name: "with a learning rate of 4e-3 at every level",
    overrides: ["prior.options.optimizer.learningRate=4e-3"],
  },
  { name: "without corruption", overrides: ["prior.options.corruption=0"] },
  { name: "without the weights' average", overrides: ["prior.options.optimizer.averageDecay=0"] },
  { name: "without a bias of each position", overrides: ["prior.options.positionBias=false"] },
  { name: "without attention", overrides: ["prior.options.attention.count=0"] },
  { name: "with slice positions", overrides: ["prior.options.slicePosition=true"] },
];

export interface PriorAblationOptions {
  /** The folder of a run that is trained and encoded; it stays as it is. */
  readonly run: string;
  /** Of every variant, such as `prior.steps=600`. */
  readonly overrides: readonly string[];
  /** Where copies of the run, `prior-ablation.json` and `prior-ablation.md` are kept. */
  readonly out: string;
  /** Only variants with this in their names, and the first. */
  readonly only: string | undefined;
  readonly onProgress: (message: string) => void;
}

const levelsSchema = z.object({
  levels: z.array(z.object({ bitsPerCode: z.number() })),
  bitsPerCode: z.number(),
});
const evaluationSchema = z.object({
  train: levelsSchema,
  validate: levelsSchema,
  test: levelsSchema,
});

export interface PriorAblationResult {
  readonly benchmark: "prior-ablation";
  readonly overrides: readonly string[];
  readonly processor: string;
  readonly variants: readonly {
    readonly name: string;
    readonly overrides: readonly string[];
    readonly evaluation: z.output<typeof evaluationSchema>;
  }[];
}

/**
 * Trains the prior on a run's code grids as it is and without each thing that is to help, one after the other. The
 * results so far are written after each; started again, it continues where it was.
 */
export async function benchmarkPriorAblation(options: PriorAblationOptions): Promise<PriorAblationResult> {
  const { run, overrides, out, only, onProgress } = options;
  const variants: PriorAblationResult["variants"][number][] = [];
  const result = () => ({
    benchmark: "prior-ablation" as const,
    overrides,
    processor: cpus()[0]?.model ?? "unknown",
    variants,
  });
  await mkdir(out, { recursive: true });
  for (const [index, variant] of VARIANTS.entries()) {
    if (index > 0 && only !== undefined && !variant.name.includes(only)) continue;
    onProgress(variant.name);
    const folder = join(out, variant.name.replaceAll(/\W+/g, "-"));
    const file = join(folder, "prior", "evaluation.json");
    const read = async () => evaluationSchema.parse(JSON.parse(await readFile(file, "utf8")));
    const evaluation = await read().catch(() => undefined);
    if (evaluation === undefined) {
      await rm(folder, { recursive: true, force: true });
      await cp(run, folder, { recursive: true });
      await rm(join(folder, "prior"), { recursive: true, force: true });
      const script = fileURLToPath(new URL("slicebook-train-prior.js", import.meta.url));
      await runJson(process.execPath, [script, folder, ...overrides, ...variant.overrides], variant.name);
    }
    variants.push({ ...variant, evaluation: evaluation ?? (await read()) });
    await writeFileAtomic(join(out, "prior-ablation.json"), `${JSON.stringify(result(), undefined, 2)}\n`);
    await writeFileAtomic(join(out, "prior-ablation.md"), `${formatPriorAblation(result())}\n`);
  }
  return result();
}

/** The result for people: a Markdown table of bits per code, of all levels and of each. */
export function formatPriorAblation({ variants, overrides, processor }: PriorAblationResult): string {
  const bits = ({ bitsPerCode, levels }: z.output<typeof levelsSchema>) =>
    levels.map((level) => level.bitsPerCode.toFixed(2)).join(", ") || bitsPerCode.toFixed(2);
  const rows = variants.map(({ name, evaluation: { train, validate, test } }, index) => {
    const difference = validate.bitsPerCode - variants[0]!.evaluation.validate.bitsPerCode;
    return [
      name,
      validate.bitsPerCode.toFixed(3),
      index === 0 ? "–" : signed(difference, 3),
      bits(validate),
      bits(train),
      bits(test),
    ];
  });
  const titles = ["", "validation", "difference", "of each level", "training", "test"];
  return [
    ...tableLines([titles, ...rows]),
    "",
    `Bits per code, less is better, with ${overrides.join(" ") || "the run's limits"}. ${processor}`,
  ].join("\n");
}
