import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { modelCard } from "../src/model-card.ts";
import { reportInput, runInfo } from "./fixtures.ts";

const picture = {
  title: "Samples",
  alt: "Sixteen samples",
  path: "samples/grid 1.png",
  bytes: new Uint8Array(),
};

describe("modelCard", () => {
  const card = modelCard({ ...reportInput(), pictures: [picture, { ...picture, animated: true }] });

  it("opens with front matter that holds the figures", () => {
    const [, front] = card.split(/^---$/m);
    const matter = parse(front!);
    expect(matter).toMatchObject({ license: "other", library_name: "slicebook" });
    expect(matter["model-index"][0].results[0].metrics[0]).toEqual({
      name: "SSIM",
      type: "ssim",
      value: 0.8463,
    });
  });

  it("says what the model is for and not for, its data, its figures with interval and protocol, and what it took", () => {
    for (const heading of [
      "Intended use",
      "Data",
      "Figures",
      "Model",
      "Hardware and time",
      "Loading it",
      "Licence",
    ]) {
      expect(card).toContain(`\n## ${heading}\n`);
    }
    expect(card).toContain("It is not a medical device");
    expect(card).toContain("the SSIM is 0.8463, 95 % interval [0.8123, 0.8803], 70 slices of 6 subjects.");
    expect(card).toContain("11×11 Gaussian window, σ 1.5");
    expect(card).toContain("| training | 11,460 | 16 |");
    expect(card).toContain("| train-prior | 1 h 2 min |");
    expect(card).toContain("| PCA, 168 components | 0.2000 | 0.7000 \\[0.6700, 0.7300\\] |");
    expect(card).toContain("the same 50 of 70 slices");
    expect(card).toContain("3 slices took more as JPEG");
    expect(card).toContain("| background (0) | 70.0 % | 70 |");
  });

  it("says what samples can be asked for, and what the prior gains by it", () => {
    expect(card).toContain("| age | 20 to 80 | 169 | 41 | 70 |");
    expect(card).toContain(
      "takes 4.12 bits a code of test slices where it is told these, and 4.20 where it is not.",
    );
    const { covariates: _, ...without } = reportInput();
    expect(modelCard(without)).not.toContain("asked for");
  });

  it("tells the energy where it was counted for every stage, and else that it was not", () => {
    expect(card).toContain("The energy it took was not measured.");
    const { stages, ...run } = runInfo();
    const counted = Object.entries(stages).map(([name, stage]) => [name, { ...stage, joules: 30_000 }]);
    const input = { ...reportInput(), run: { ...run, stages: Object.fromEntries(counted) } };
    expect(modelCard(input)).toContain("The processors took 90.0 kJ (25.0 Wh) in that time");
  });

  it("leaves commands in sentences as code, and text as text", () => {
    expect(card).toContain("all bytes of the files that `slicebook compress --coding tables` writes |");
    expect(card).not.toMatch(/\\`/);
    const { evaluation } = reportInput();
    const subjects = (name: string) =>
      modelCard({
        ...reportInput(),
        evaluation: { ...evaluation!, worst: [{ ...evaluation!.worst![0]!, name }] },
      });
    expect(subjects("a`b*")).toContain("| a\\`b\\* |");
    expect(subjects("a`b|c*`d*")).toContain("| a`b\\|c*`d\\* |");
  });

  it("shows the still pictures by their path", () => {
    expect(card.match(/!\[/g)).toHaveLength(1);
    expect(card).toContain("![Sixteen samples](samples/grid%201.png)");
  });

  it("loads the model in TypeScript and Python with this run's sizes", () => {
    expect(card).toContain("vqvae.bind(config, [256, 128])");
    expect(card).toContain("[1, 64, 32]");
    expect(card).toContain("from safetensors.numpy import load_file");
  });

  it("keeps its form whatever the names are", () => {
    const named = modelCard({ ...reportInput(), run: { ...runInfo(), name: "a_b *c* | [d]" } });
    expect(named).toContain("\n# a\\_b \\*c\\* \\| \\[d\\]\n");
  });

  it("passes phantoms' weights on, and says where there is no evaluation yet", () => {
    const run = { ...runInfo(), data: { ...runInfo().data, adapter: "phantom" } };
    const { evaluation: _, ...unevaluated } = reportInput();
    const phantom = modelCard({ ...unevaluated, run });
    expect(parse(phantom.split(/^---$/m)[1]!)).toMatchObject({ license: "mit" });
    expect(phantom).toContain("Not evaluated yet.");
  });
});
