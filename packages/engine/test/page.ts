// What the page of browser.test.ts runs: steps of gradient descent on each engine of a page, and exact arithmetic.
import { type BrowserEngineKind, createEngine } from "../src/browser.ts";
import { data, dataSpecs, descend, start } from "./descent.ts";
import { exactChecksums } from "./exact-ops.ts";

async function train(kind: BrowserEngineKind) {
  const engine = await createEngine({ kind, wasmPath: "/wasm/" });
  const loop = await engine.loop(descend, start(), dataSpecs);
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) losses.push((await loop.next(data)).loss!.data[0]!);
  const { w } = await loop.read();
  await loop.dispose();
  return { description: engine.description, losses, w: Array.from(w!.data) };
}

Object.assign(globalThis, { train, exactChecksums });
