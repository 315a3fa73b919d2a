import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * How many of the machine's physical cores this process may use.
 *
 * Two threads of one core share its arithmetic: a convolution is no faster with both. Linux tells which processors
 * are one core; elsewhere each counts as one.
 */
export function physicalCores(): number {
  const allowed = availableParallelism();
  if (process.platform !== "linux") return allowed;
  try {
    return Math.min(countCores(readFileSync("/proc/cpuinfo", "utf8")) ?? allowed, allowed);
  } catch {
    // Some containers hide the file.
    return allowed;
  }
}

/** The different pairs of package and core in a `/proc/cpuinfo`; undefined where it has none, as on ARM. */
export function countCores(cpuinfo: string): number | undefined {
  const cores = new Set<string>();
  for (const processor of cpuinfo.split(/\n\s*\n/)) {
    const [, package_] = /^physical id\s*:\s*(\d+)$/m.exec(processor) ?? [];
    const [, core] = /^core id\s*:\s*(\d+)$/m.exec(processor) ?? [];
    if (package_ !== undefined && core !== undefined) cores.add(`${package_}/${core}`);
  }
  return cores.size === 0 ? undefined : cores.size;
}
