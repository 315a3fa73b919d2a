import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { float32, int32, random, sizeOf } from "@slicebook/base";
import { encodeSafetensors, mapRecord } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { transformer } from "@slicebook/prior-transformer";
import { expect, it } from "vitest";
import { z } from "zod";
import { findPython } from "../src/find-python.ts";

const PEER = fileURLToPath(new URL("../peers/transformer_logits.py", import.meta.url));
const [COUNT, SEED] = [2, 3];

const python = findPython("torch");

it.skipIf(python === undefined)(
  "PyTorch's transformer has the logits of ours, with its cache and without",
  async () => {
    const sizes = { layers: 3, width: 24, heads: 3, headWidth: 16, window: 2, expansion: 2 };
    const grid = { codes: 20, rows: 5, columns: 6 };
    const prior = transformer.bind(transformer.schema.parse(sizes), { levels: [grid], classes: 0 });
    // None is zero, so that everything that can matter does.
    const weights = mapRecord(
      prior.parameters(prior.parts[0]!.initialCarry(SEED), { average: false }),
      ({ data, shape }, name) => {
        const noise = random(SEED, name).normals(sizeOf(shape), 0.2);
        return float32(
          noise.map((value, at) => value + data[at]!),
          shape,
        );
      },
    );
    const stream = random(SEED, "codes");
    const shape = [COUNT, grid.rows, grid.columns];
    const codes = Int32Array.from({ length: sizeOf(shape) }, () => stream.integer(grid.codes));

    const ours = new Float32Array(codes.length * grid.codes);
    const engine = await createEngine({ kind: "onnx" });
    await prior.sample(engine, weights, {
      count: COUNT,
      seed: SEED,
      choose: (logits, { slice, position }) => {
        const at = slice * grid.rows * grid.columns + position;
        ours.set(logits, at * grid.codes);
        return codes[at]!;
      },
    });
    await engine.dispose();

    const folder = mkdtempSync(join(tmpdir(), "transformer-peer-"));
    try {
      const file = join(folder, "weights.safetensors");
      writeFileSync(file, encodeSafetensors({ ...weights, codes: int32(codes, shape) }));
      const output = execFileSync(python!, [PEER, file, JSON.stringify({ ...sizes, ...grid })], {
        encoding: "utf8",
      });
      const { whole, byCache } = z.object({ whole: grids, byCache: grids }).parse(JSON.parse(output));
      for (const theirs of [whole, byCache]) {
        const values = theirs.flat(3);
        expect(values).toHaveLength(ours.length);
        expect(Math.max(...ours.map((value, at) => Math.abs(value - values[at]!)))).toBeLessThan(1e-4);
        expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(1);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

const grids = z.array(z.array(z.array(z.array(z.number()))));
