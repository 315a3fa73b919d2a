// Trains the prior of a run folder, with overrides; prints a line of JSON. Started by `benchmarkPriorAblation`.
import { execute } from "@slicebook/pipeline";

const [run = "", ...overrides] = process.argv.slice(2);
await execute({ kind: "stages", run, overrides, stages: ["train-prior"], resume: false });
console.log("{}");
