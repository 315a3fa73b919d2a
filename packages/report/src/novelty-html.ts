import type { Novelty, Spread } from "@slicebook/runs";
import { decimals } from "@slicebook/runs/figures";
import { counted } from "./format.ts";
import { type Content, html, table } from "./markup.ts";
import { pixelNote, pixelTable } from "./sample-tables.ts";

/** The part of the report that says how new, varied and true the samples are. */
export function noveltySection({
  counts,
  nearest,
  memorisation,
  diversity,
  distribution,
  pixels,
}: Novelty): Content {
  const { flagged, redrawn, rule } = memorisation;
  const verdict =
    flagged === 0
      ? `None of ${counted(counts.samples, "sample")} is flagged as memorised.`
      : `${flagged} of ${counted(counts.samples, "sample")} flagged as memorised.`;
  const anew = redrawn === 0 ? "" : ` Drawn anew, since they were: ${redrawn}.`;
  const row = (name: string, who: string, { smallest, median, largest }: Spread) => [
    `${name}, ${who}`,
    decimals(smallest, 3),
    decimals(median, 3),
    decimals(largest, 3),
  ];
  const both = (name: string, { samples, heldOut }: Novelty["nearest"]["byCodes"]) => [
    row(name, "samples", samples),
    row(name, "held-out slices", heldOut),
  ];
  const distances = table({
    caption: "Distance to the nearest training slice",
    head: ["Distance", ["Smallest"], ["Median"], ["Largest"]],
    rows: [
      ...both("Codes that differ, as a share", nearest.byCodes),
      ...both("1 − SSIM of the decoded slices", nearest.bySsim),
    ],
  });
  const mean = ({ mean, sd }: { mean: number; sd: number }) => `${decimals(mean, 3)} ± ${decimals(sd, 3)}`;
  const varied = table({
    caption: `MS-SSIM between two slices (${counted(diversity.pairs, "pair")}): lower is more varied`,
    head: ["Slices", ["Mean ± standard deviation"]],
    rows: [
      ["Samples", mean(diversity.samples)],
      ["Held-out slices, decoded", mean(diversity.heldOut)],
    ],
  });
  return html`${pixels === undefined ? [] : pixelPart(pixels)}<p><strong>${verdict}</strong>${anew} ${rule} Compared with ${counted(counts.training, "training slice")} by codes, with ${counts.decoded} of them by SSIM; held out: ${counted(counts.heldOut, "test slice")}.</p>
${distances}
${varied}
${distribution === null ? [] : distributionTable(distribution)}`;
}

function pixelPart(pixels: NonNullable<Novelty["pixels"]> | null): Content {
  if (pixels === null) {
    return html`<p>Not compared with real slices by pixels: their data set was not available, or had changed.</p>\n`;
  }
  const { distances, limit } = pixels;
  const { head, rows } = pixelTable(distances);
  const [first, ...others] = head;
  const figures = table({
    caption: "How far from test slices, by pixels",
    head: [first!, ...others.map((name): [string] => [name])],
    rows,
  });
  return html`<p><strong>${limit.sentence}</strong></p>
${figures}
<p>${pixelNote(distances)}</p>
`;
}

function distributionTable({ features, mmd, frechet }: NonNullable<Novelty["distribution"]>): Content {
  const row = (name: string, { samples, floor, ratio }: typeof frechet) => [
    name,
    samples.toPrecision(3),
    floor.toPrecision(3),
    ratio === null ? "–" : decimals(ratio, 2),
  ];
  const figures = table({
    caption: "Distance of distributions: 1 × means as near to the test split as the training split is",
    head: ["Distance", ["Samples to test"], ["Training to test"], ["Ratio"]],
    rows: [row("MMD²", mmd), row("Fréchet distance", frechet)],
  });
  return html`${figures}
<p>On ${features}. MMD: ${mmd.kernel}.</p>`;
}
