import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { presets, vqvae } from "@slicebook/core";
import { createEngine, ENGINE_KINDS, type Engine, type EngineKind } from "@slicebook/engine";
import type { DoctorCheck, DoctorReport } from "./api.ts";
import { type CodecOptions, createCodec } from "./codec.ts";
import { svgText } from "./figures/font.ts";
import { svgToPng } from "./figures/plot.ts";
import { versionsInUse } from "./versions.ts";

const GIGA = 2 ** 30;
const OLDEST_NODE = [20, 19] as const;
/**
 * What engines are timed on: the default model's encoder and decoder, with as many images as take them a
 * moment.
 */
const TIMED: Readonly<Record<EngineKind, Omit<CodecOptions, "model">>> = {
  onnx: { size: [64, 64], batch: 8 },
  cpu: { size: [32, 32], batch: 1 },
};

/**
 * Says what works on this machine, by trying it: Node, each engine with its speed, pictures, and text in
 * them.
 */
export async function doctor(): Promise<DoctorReport> {
  const checks: DoctorCheck[] = [nodeCheck(), machineCheck()];
  for (const kind of ENGINE_KINDS) checks.push(await engineCheck(kind));
  checks.push(await pictureCheck());
  const versions = await versionsInUse();
  checks.push({
    name: "versions",
    ok: true,
    found: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  });
  return { ok: checks.every(({ ok }) => ok), checks };
}

function nodeCheck(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const found = `Node ${process.versions.node} on ${process.platform}-${process.arch}`;
  return {
    name: "node",
    ok,
    found,
    ...(ok ? {} : { remedy: `Install Node ${OLDEST_NODE.join(".")} or newer.` }),
  };
}

function machineCheck(): DoctorCheck {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${(totalmem() / GIGA).toFixed(1)} GiB of memory, ${(freemem() / GIGA).toFixed(1)} free`;
  return { name: "machine", ok: true, found: `${availableParallelism()} cores (${model}), ${memory}` };
}

async function engineCheck(kind: EngineKind): Promise<DoctorCheck> {
  const name = `engine ${kind}`;
  try {
    const engine = await createEngine({ kind });
    try {
      return { name, ok: true, found: `${engine.description}; ${await speed(engine, TIMED[kind])}` };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    const found = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    return {
      name,
      ok: false,
      found,
      remedy: "Install the packages again, without --no-optional or --ignore-scripts.",
    };
  }
}

/** Images through the default model a second; the first call, which compiles, does not count. */
async function speed(engine: Engine, { size, batch }: Omit<CodecOptions, "model">): Promise<string> {
  const model = presets.patch;
  const parameters = vqvae.parameters(vqvae.initialCarry(model, { seed: 0 }), { average: false });
  const codec = await createCodec(engine, parameters, { model, size, batch });
  try {
    const blank = new Float32Array(batch * size[0] * size[1]);
    await codec.reconstruct(blank);
    const start = performance.now();
    await codec.reconstruct(blank);
    const perSecond = (batch * 1000) / (performance.now() - start);
    const images = `${perSecond.toPrecision(3)} images of ${size.join("×")}`;
    return `${images} a second through the model "${model.preset}"`;
  } finally {
    await codec.dispose();
  }
}

/**
 * Whether pictures can be made, and whether text in them is more than boxes: it is drawn with a font of our
 * own.
 */
async function pictureCheck(): Promise<DoctorCheck> {
  try {
    const { default: sharp } = await import("sharp");
    const text = svgText("Ag", { x: 5, y: 22, size: 20 });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30">${text}</svg>`;
    const { channels } = await sharp(await svgToPng(svg)).stats();
    const drawn = channels.some(({ stdev }) => stdev > 0);
    const versions = `sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})`;
    const found = `${versions}; text is ${drawn ? "drawn" : "not drawn"}`;
    const remedy = "Install the packages again: the font dejavu-fonts-ttf is missing.";
    return { name: "pictures", ok: drawn, found, ...(drawn ? {} : { remedy }) };
  } catch (error) {
    const found = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    return {
      name: "pictures",
      ok: false,
      found,
      remedy: "Install the packages again, without --no-optional.",
    };
  }
}
