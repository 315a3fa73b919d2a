// Trains a small model for some epochs by a configuration file; prints a line of JSON. Started by `benchmarkEpochs`.
import { execute } from "@slicebook/pipeline";
import { peakMemory } from "./peak-memory.ts";

const [config = "", root = ""] = process.argv.slice(2);
const start = performance.now();
await execute(
  { kind: "run", config, overrides: [`run.root=${JSON.stringify(root)}`], stages: ["train"], resume: false },
  {
    onEvent(event) {
      if (event.type === "epoch") {
        const seconds = Math.round((performance.now() - start) / 1000);
        console.error(`epoch ${event.row.epoch} after ${seconds} s, peak ${peakMemory()} MiB`);
      }
    },
  },
);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, peakMemory: peakMemory() }));
