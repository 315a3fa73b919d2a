import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../runs/test/temporary-folder.ts";
import { withEnergy } from "../src/energy.ts";

const place = temporaryFolder();

async function count(values: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, energy] of Object.entries(values)) {
    const folder = place.at("powercap", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "energy_uj"), `${energy}\n`);
    await writeFile(join(folder, "max_energy_range_uj"), "262143328850\n");
  }
}

describe("the energy of some work", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
  afterEach(() => vi.useRealTimers());

  it("adds up what the packages took, in joules, and not their parts again", async () => {
    await count({ "intel-rapl:0": 5_000_000, "intel-rapl:1": 0, "intel-rapl:0:0": 1_000_000 });
    const work = async () => {
      await count({ "intel-rapl:0": 7_500_000, "intel-rapl:1": 250_000, "intel-rapl:0:0": 3_000_000 });
      return "done";
    };
    expect(await withEnergy(work, place.at("powercap"))).toEqual({ result: "done", joules: 2.75 });
  });

  it("goes on where a counter starts again, however often", async () => {
    await count({ "intel-rapl:0": 262_143_000_000, "intel-rapl:1": 0 });
    const work = async () => {
      await count({ "intel-rapl:0": 671_150 });
      vi.advanceTimersByTime(60_000);
      await count({ "intel-rapl:0": 262_143_000_000 });
      vi.advanceTimersByTime(60_000);
      await count({ "intel-rapl:0": 671_150 });
    };
    const { joules } = await withEnergy(work, place.at("powercap"));
    expect(joules).toBeCloseTo(1 + 262_142.32885 + 1, 6);
  });

  it("is not told where the machine tells nothing", async () => {
    expect(await withEnergy(async () => 1, place.at("nowhere"))).toEqual({ result: 1, joules: undefined });
  });
});
