import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { countCores, physicalCores } from "../src/physical-cores.ts";

const processor = (lines: readonly string[]) => `${lines.join("\n")}\nflags\t\t: fpu vme\n\n`;
const x86 = (pairs: readonly (readonly [number, number])[]) =>
  pairs
    .map(([socket, core], id) =>
      processor([`processor\t: ${id}`, `physical id\t: ${socket}`, "siblings\t: 4", `core id\t\t: ${core}`]),
    )
    .join("");

describe("countCores", () => {
  it.each([
    [
      "two threads a core",
      x86([
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 1],
      ]),
      2,
    ],
    [
      "two sockets, whose cores have the same numbers",
      x86([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      4,
    ],
    [
      "cores with gaps between their numbers",
      x86([
        [0, 0],
        [0, 4],
        [0, 12],
      ]),
      3,
    ],
    ["a file that does not tell, as on ARM", processor(["processor\t: 0", "BogoMIPS\t: 243.75"]), undefined],
    ["an empty file", "", undefined],
  ])("counts %s", (_, cpuinfo, cores) => {
    expect(countCores(cpuinfo)).toBe(cores);
  });
});

it("never counts more cores than the process may use", () => {
  expect(physicalCores()).toBeGreaterThanOrEqual(1);
  expect(physicalCores()).toBeLessThanOrEqual(availableParallelism());
});
