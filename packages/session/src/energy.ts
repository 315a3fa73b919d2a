import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Linux's counters of energy; readable by root only on most machines. */
const POWERCAP = "/sys/class/powercap";
/** A counter starts again at 0 after some 260 kJ, which a large processor takes in ten minutes. */
const POLL_MILLISECONDS = 60_000;

/**
 * Does some work and counts the joules that all processor packages take in that time, whatever else runs on them, by
 * their own counters (RAPL); undefined where the system does not show these.
 */
export async function withEnergy<T>(
  work: () => Promise<T>,
  folder: string = POWERCAP,
): Promise<{ readonly result: T; readonly joules: number | undefined }> {
  let before = readCounters(folder);
  let microjoules = 0;
  const add = () => {
    const now = before && readCounters(folder);
    for (const [name, { energy, range }] of now ?? []) {
      const risen = energy - (before?.get(name)?.energy ?? energy);
      microjoules += risen < 0 ? risen + range : risen;
    }
    before = now;
  };
  const timer = setInterval(add, POLL_MILLISECONDS);
  try {
    const result = await work();
    add();
    return { result, joules: before === undefined ? undefined : microjoules / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

interface Counter {
  readonly energy: number;
  /** What the counter starts again after. */
  readonly range: number;
}

/** Those of whole packages: `intel-rapl:0`, on AMD's processors too. Undefined where there are none to be read. */
function readCounters(folder: string): Map<string, Counter> | undefined {
  const number = (name: string, file: string) => Number(readFileSync(join(folder, name, file), "utf8"));
  try {
    const names = readdirSync(folder).filter((name) => /^intel-rapl:\d+$/.test(name));
    const counters = names.map(
      (name) =>
        [name, { energy: number(name, "energy_uj"), range: number(name, "max_energy_range_uj") }] as const,
    );
    return counters.length === 0 ? undefined : new Map(counters);
  } catch {
    return undefined;
  }
}
