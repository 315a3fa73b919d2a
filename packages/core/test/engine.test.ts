import { float32, type HostTensor, type HostTensors, random } from "@slicebook/base";
import { createEngine, type Engine } from "@slicebook/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRESETS, vqvae, vqvaeSchema } from "../src/index.ts";
import { expectClose } from "./support.ts";

const shape = { batch: 2, size: [32, 16] } as const;

let onnx: Engine;
let eager: Engine;

beforeAll(async () => {
  onnx = await createEngine({ kind: "onnx", threads: 1 });
  eager = await createEngine({ kind: "cpu" });
});

afterAll(() => Promise.all([onnx.dispose(), eager.dispose()]));

function images(seed: number, batch: number = shape.batch): HostTensor {
  const [height, width] = shape.size;
  return float32(random(seed, "images").normals(batch * height * width), [batch, height, width, 1]);
}

const cases = PRESETS.flatMap((preset) =>
  (["ema", "codebook-loss"] as const).map((kind) => ({ preset, kind, downsampling: kind === "ema" ? 4 : 8 })),
);

describe.each(cases)(
  "$preset with $kind at downsampling $downsampling, compiled by ONNX Runtime",
  (options) => {
    const config = vqvaeSchema.parse({
      preset: options.preset,
      downsampling: options.downsampling,
      hierarchy: 1,
      width: 8,
      residualWidth: 4,
      codes: 8,
      codeDimension: 3,
      warmupSteps: 1,
      quantizer: { kind: options.kind, decay: 0.6, restartBelow: 0.4, initialisationImages: 2 },
      optimizer: { learningRate: 5e-3 },
    });
    const model = vqvae.bind(config, shape.size);

    /** One step as a plain autoencoder, the codebook from data, and three steps with codes. */
    async function train(engine: Engine): Promise<{ carry: HostTensors; history: HostTensors[] }> {
      const step = model.trainStep({ dataVariance: 0.8 });
      const loop = await engine.loop(step, model.initialCarry(0), model.stepInputs(shape.batch));
      const history: HostTensors[] = [];
      let active = false;
      for (let number = 0; number < 4; number++) {
        if (model.codesDue({ step: number, progress: 0 }) && !active) {
          active = true;
          const carry = await loop.read();
          const parameters = model.parameters(carry, { average: false });
          const features = await engine.compile(model.features, [model.imageSpec(2)], { parameters });
          const encodings = await features.run(images(99));
          await loop.replace(model.withCodebook(carry, encodings, { seed: 0 }));
          await features.dispose();
        }
        const noise = model.stepNoise({ seed: 0, step: number, batch: shape.batch });
        history.push(
          await loop.next({ images: images(number), progress: float32([number / 4], []), ...noise }),
        );
      }
      const carry = await loop.read();
      await loop.dispose();
      return { carry, history };
    }

    it("trains and reconstructs as it does eagerly: loss, every weight, every moment, every code", async () => {
      const compiled = await train(onnx);
      const expected = await train(eager);
      expect(compiled.history.length).toBe(4);
      compiled.history.forEach((metrics, step) => {
        for (const [name, metric] of Object.entries(expected.history[step]!)) {
          expectClose(metrics[name]!.data, metric.data, 1e-4, `${name} of step ${step}`);
        }
      });
      expect(Object.keys(compiled.carry)).toEqual(Object.keys(expected.carry));
      for (const [name, tensor] of Object.entries(expected.carry)) {
        expectClose(compiled.carry[name]!.data, tensor.data, 1e-4, name);
      }

      const parameters = model.parameters(expected.carry, { average: true });
      const run = async (engine: Engine) => {
        const signature = [model.imageSpec(shape.batch)];
        const reconstruct = await engine.compile(model.reconstruct, signature, { parameters });
        const result = await reconstruct.run(images(7));
        await reconstruct.dispose();
        return result;
      };
      const [found, wanted] = [await run(onnx), await run(eager)];
      expect(found.codes).toEqual(wanted.codes);
      expectClose(found.images.data, wanted.images.data, 1e-4, "images");
    });
  },
);
