import { random } from "@slicebook/base";
import type { MetricsRow } from "@slicebook/runs";

/** Rows as a run of some epochs writes them: a row for each step, the loss falling like a power of the step. */
export function metricsRows(epochs = 12, stepsPerEpoch = 8): MetricsRow[] {
  const noise = random(7, "metrics");
  const rows: MetricsRow[] = [];
  for (const stage of ["train", "prior"] as const) {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (let index = 1; index <= stepsPerEpoch; index++) {
        const step = (epoch - 1) * stepsPerEpoch + index;
        const kind = index === stepsPerEpoch ? "epoch" : "step";
        rows.push(row(stage, kind, epoch, step, noise.normal()));
      }
    }
  }
  return rows;

  function row(
    stage: "train" | "prior",
    kind: "step" | "epoch",
    epoch: number,
    step: number,
    jitter: number,
  ): MetricsRow {
    const loss = 0.9 * step ** -0.45 * (1 + 0.05 * jitter);
    const common = { stage, kind, epoch, step, seconds: 1.25 * step, images: 8 * step } as const;
    const learningRate = 0.002 * (0.5 + 0.5 * Math.cos((Math.PI * step) / (epochs * stepsPerEpoch)));
    if (stage === "prior") {
      const bitsPerCode = 4 + 4.5 * step ** -0.4 + 0.05 * jitter;
      return {
        ...common,
        train: {
          loss: bitsPerCode * Math.LN2,
          bitsPerCode,
          accuracy: 0.4 - 0.3 * step ** -0.4,
          learningRate,
          gradientNorm: 1,
        },
        ...(kind === "epoch" && {
          validation: { bitsPerCode: bitsPerCode + 0.3, accuracy: 0.35 - 0.3 * step ** -0.4 },
        }),
      };
    }
    const mean = 0.93 - 0.5 * epoch ** -0.8;
    return {
      ...common,
      train: {
        loss,
        reconstruction: 0.85 * loss,
        commitment: 0.15 * loss,
        perplexity: 340 - 300 / epoch,
        codesInUse: 500 - 200 / epoch,
        learningRate,
        gradientNorm: 0.4 + 0.1 * Math.abs(jitter),
      },
      ...(kind === "epoch" && {
        validation: {
          loss: 1.15 * loss,
          ssim: { mean, sd: 0.04, n: 32, subjects: 5, ci95: [mean - 0.03, mean + 0.03] as const },
          perplexity: 300 - 270 / epoch,
          codesInUse: 430 - 200 / epoch,
        },
      }),
    };
  }
}
