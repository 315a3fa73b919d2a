import { cpus } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { signed, tableLines } from "./table.ts";
import { type TrainedRun, trainedRun } from "./trained-run.ts";

/** What the defaults do for learning, and how to do without each. */
const VARIANTS: readonly { readonly name: string; readonly overrides: readonly string[] }[] = [
  { name: "all defaults", overrides: [] },
  { name: "without standardised inputs", overrides: ["dataset.preprocessing=minmax"] },
  { name: "without k-means initialisation", overrides: ["model.quantizer.initialisation=normal"] },
  { name: "without restarts of dead codes", overrides: ["model.quantizer.restartBelow=0"] },
  { name: "without the autoencoder's warm-up", overrides: ["model.warmupSteps=0"] },
  { name: "without the learning rate's warm-up", overrides: ["model.optimizer.warmupSteps=0"] },
  { name: "without cosine decay", overrides: ["model.optimizer.schedule=constant"] },
  { name: "without the weights' average", overrides: ["model.optimizer.averageDecay=0"] },
  { name: "without gradient clipping", overrides: ["model.optimizer.clipNorm=0"] },
  { name: "without the SSIM term", overrides: ["model.loss.ssim=0"] },
];
/** Without all of them, as the published recipe has it. */
const BARE = { name: "without any of these", overrides: VARIANTS.flatMap(({ overrides }) => overrides) };

export interface AblationOptions {
  readonly config: string;
  readonly overrides: readonly string[];
  /** Where runs, `ablation.json` and `ablation.md` are kept. */
  readonly out: string;
  readonly minutes: number;
  readonly seeds: readonly number[];
  /** Only variants with this in their names, and the one with all defaults. */
  readonly only: string | undefined;
  readonly onProgress: (message: string) => void;
}

export interface AblationResult {
  readonly benchmark: "ablation";
  readonly config: string;
  readonly overrides: readonly string[];
  readonly minutes: number;
  readonly processor: string;
  readonly variants: readonly {
    readonly name: string;
    readonly overrides: readonly string[];
    /** By seed; a text says why training broke down. */
    readonly runs: readonly (
      | (TrainedRun & { readonly seed: number })
      | { readonly seed: number; readonly failed: string }
    )[];
  }[];
}

/**
 * Trains for the same minutes with every default and without each, for each seed, one after the other. The results so
 * far are written after each run; started again, it continues where it was.
 */
export async function benchmarkAblation(options: AblationOptions): Promise<AblationResult> {
  const { config, overrides, out, minutes, seeds, only, onProgress } = options;
  const wanted = [...VARIANTS, BARE].filter(
    ({ name }, index) => index === 0 || only === undefined || name.includes(only),
  );
  const runs = wanted.map((): AblationResult["variants"][number]["runs"][number][] => []);
  const result = (): AblationResult => ({
    benchmark: "ablation",
    config,
    overrides,
    minutes,
    processor: cpus()[0]?.model ?? "unknown",
    variants: wanted.map((variant, index) => ({ ...variant, runs: runs[index]! })),
  });
  // Seed by seed, so that what is there when it is cut off can be compared.
  for (const seed of seeds) {
    for (const [index, variant] of wanted.entries()) {
      onProgress(`${variant.name}, seed ${seed}`);
      const trained = await trainedRun({
        config,
        overrides: [...overrides, ...variant.overrides, `train.minutes=${minutes}`, `seed=${seed}`],
        out,
        name: `${variant.name.replaceAll(/\W+/g, "-")}-${minutes}-min-seed-${seed}`,
      });
      runs[index]!.push(typeof trained === "string" ? { seed, failed: trained } : { seed, ...trained });
      await writeFileAtomic(join(out, "ablation.json"), `${JSON.stringify(result(), undefined, 2)}\n`);
      await writeFileAtomic(join(out, "ablation.md"), `${formatAblation(result())}\n`);
    }
  }
  return result();
}

/** The result for people: a Markdown table of means over seeds. */
export function formatAblation({ variants, minutes, config, processor }: AblationResult): string {
  const means = variants.map(({ runs }) => {
    const done = runs.flatMap((run) => ("failed" in run ? [] : [run]));
    const mean = (value: (run: TrainedRun) => number) =>
      done.reduce((sum, run) => sum + value(run), 0) / done.length;
    const all = done.map(({ ssim }) => ssim);
    return {
      ssim: mean(({ ssim }) => ssim),
      range: all.length < 2 ? "–" : `${Math.min(...all).toFixed(4)} to ${Math.max(...all).toFixed(4)}`,
      use: mean(({ codesInUse, codes }) => codesInUse / codes),
      perplexity: mean(({ perplexity }) => perplexity),
      images: mean(({ images }) => images),
      failed: runs.length - done.length,
      seeds: runs.length,
    };
  });
  const number = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : "–");
  const rows = variants.map(({ name }, index) => {
    const { ssim, range, use, perplexity, images, failed } = means[index]!;
    const difference = ssim - means[0]!.ssim;
    return [
      failed === 0 ? name : `${name} (broke down ${failed}×)`,
      number(ssim, 4),
      range,
      index === 0 || !Number.isFinite(difference) ? "–" : signed(difference, 4),
      Number.isFinite(use) ? `${(100 * use).toFixed(0)} %` : "–",
      number(perplexity, 0),
      number(images, 0),
    ];
  });
  const titles = ["", "SSIM", "over seeds", "difference", "codes in use", "perplexity", "images seen"];
  return [
    ...tableLines([titles, ...rows]),
    "",
    `Means over ${means[0]!.seeds} seed${means[0]!.seeds === 1 ? "" : "s"} on the test split after ${minutes} minutes each, by ${config}. ${processor}`,
  ].join("\n");
}
