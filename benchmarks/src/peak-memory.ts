import { existsSync, readFileSync } from "node:fs";

/** This process's peak of resident memory in MiB. Linux keeps it in kB, as "VmHWM:    123456 kB"; else null. */
export function peakMemory(): number | null {
  if (!existsSync("/proc/self/status")) return null;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
}
