import { expect, it } from "vitest";
import { ENGINE_DEVICES, ENGINE_KINDS, probeEngines } from "../src/index.ts";
import { OPTIONAL_ENGINES } from "./optional-engines.ts";

it("tells of every engine and device that it runs, how fast, and what it is", async () => {
  const probes = await probeEngines({ threads: 1 });
  expect(probes.map(({ kind, device }) => [kind, device])).toEqual(
    ENGINE_KINDS.flatMap((kind) => ENGINE_DEVICES[kind].map((device) => [kind, device])),
  );
  for (const probe of probes) {
    if (OPTIONAL_ENGINES.includes(`${probe.kind}/${probe.device}`) && !probe.available) {
      expect(probe).toMatchObject({ reason: expect.any(String), remedy: expect.any(String) });
      continue;
    }
    expect(probe).toMatchObject({
      available: true,
      description: expect.stringMatching(/\d+\.\d+.*(1 thread|TensorFlow by .+|CUDA|WebGPU on .+)$/),
    });
    expect(probe.available && probe.gflops).toBeGreaterThan(0);
  }
});

it("gives the reason and the remedy instead of failing", async () => {
  const probes = await probeEngines({ threads: 0 });
  expect(probes.length).toBeGreaterThan(0);
  for (const probe of probes) {
    expect(probe).toMatchObject({
      available: false,
      reason: "threads: expected an integer of at least 1, found 0",
      remedy: expect.stringContaining("engine.threads"),
    });
  }
});
