import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { ENGINE_DEVICES, type EngineProbe, probeEngines } from "@slicebook/engine";
import { svgText, svgToPng } from "@slicebook/report";
import { versionsInUse } from "@slicebook/session";

/** One thing that `doctor` looked at. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Whether a run with the usual settings needs it. */
  readonly needed: boolean;
  /** What was found: a version, a speed, why it does not work. */
  readonly found: string;
  readonly remedy?: string;
}

export interface DoctorReport {
  /** Whether everything that a run needs works. */
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

const GIGA = 2 ** 30;
const OLDEST_NODE = [20, 19] as const;
/** What the configuration's default names. */
const DEFAULT_ENGINE = "onnx";

/**
 * Says what works on this machine, by trying it: Node, each engine with its speed, pictures, and text in
 * them.
 */
export async function doctor(): Promise<DoctorReport> {
  const checks: DoctorCheck[] = [nodeCheck(), machineCheck()];
  checks.push(...(await probeEngines()).map(engineCheck));
  checks.push(await pictureCheck());
  const versions = await versionsInUse();
  checks.push({
    name: "versions",
    ok: true,
    needed: false,
    found: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  });
  return { ok: checks.every(({ ok, needed }) => ok || !needed), checks };
}

function nodeCheck(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const found = `Node ${process.versions.node} on ${process.platform}-${process.arch}`;
  return {
    name: "node",
    ok,
    needed: true,
    found,
    ...(ok ? {} : { remedy: `Install Node ${OLDEST_NODE.join(".")} or newer.` }),
  };
}

function machineCheck(): DoctorCheck {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${(totalmem() / GIGA).toFixed(1)} GiB of memory, ${(freemem() / GIGA).toFixed(1)} free`;
  return {
    name: "machine",
    ok: true,
    needed: false,
    found: `${availableParallelism()} cores (${model}), ${memory}`,
  };
}

function engineCheck(probe: EngineProbe): DoctorCheck {
  const { kind, device } = probe;
  const name = device === ENGINE_DEVICES[kind][0] ? `engine ${kind}` : `engine ${kind}/${device}`;
  const needed = kind === DEFAULT_ENGINE && device === ENGINE_DEVICES[kind][0];
  if (!probe.available) return { name, ok: false, needed, found: probe.reason, remedy: probe.remedy };
  const software = probe.software ? " (a graphics card in software)" : "";
  return {
    name,
    ok: true,
    needed,
    found: `${probe.description}${software}; convolves at ${probe.gflops.toPrecision(2)} GFLOP/s`,
  };
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
    return { name: "pictures", ok: drawn, needed: true, found, ...(drawn ? {} : { remedy }) };
  } catch (error) {
    const found = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    return {
      name: "pictures",
      ok: false,
      needed: true,
      found,
      remedy: "Install the packages again, without --no-optional.",
    };
  }
}
