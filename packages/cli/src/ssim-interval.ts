import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "@slicebook/pipeline";

/** The 95 % interval of a result's SSIM, from the evaluation that it comes from; undefined where there is none. */
export async function ssimInterval({ run, files, figures }: Result): Promise<[number, number] | undefined> {
  if (run === undefined || figures.ssim === undefined) return undefined;
  const elsewhere = files.find((file) => /[\\/]evaluations[\\/][^\\/]+\.json$/.test(file));
  const text = await readFile(elsewhere ?? join(run, "evaluation.json"), "utf8").catch(() => "{}");
  const { ssim } = JSON.parse(text) as { ssim?: { mean: number; ci95: [number, number] | null } };
  return ssim?.mean === figures.ssim ? (ssim.ci95 ?? undefined) : undefined;
}
