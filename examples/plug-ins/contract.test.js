import { test } from "node:test";
import { priorContract } from "@slicebook/core/testing";
import { createEngine } from "@slicebook/engine";
import histogram from "./histogram-prior.js";

const engine = await createEngine({ kind: "cpu" });
for (const { name, run } of priorContract(histogram, { engine })) test(name, run);
