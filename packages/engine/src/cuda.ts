import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { firstLine } from "./first-line.ts";

const PROVIDER = "libonnxruntime_providers_cuda.so";
const FILES = [PROVIDER, "libonnxruntime_providers_shared.so"];

/** An npm package with ONNX Runtime's CUDA 13 provider, and which ONNX Runtime each of its versions holds. */
const PACKAGE = {
  name: "com.github.asus4.onnxruntime.linux-x64-gpu",
  folder: join("Plugins", "Linux", "x64"),
  runtimes: new Map([["0.4.9", "1.29.0"]]),
} as const;

/** Where a package lies that this one can import; undefined if it is not installed. */
function homeOf(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function versionIn(home: string): string {
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  return version;
}

function runtimeHome(): string {
  return homeOf("onnxruntime-node")!;
}

/** From where ONNX Runtime loads its providers. */
function providerFolder(): string {
  return join(runtimeHome(), "bin", "napi-v6", process.platform, process.arch);
}

/**
 * Throws unless ONNX Runtime's CUDA provider lies where it is loaded from, and the loader finds the libraries that it names; with
 * the command that brings what is missing.
 */
export function checkCudaProvider(): void {
  const folder = providerFolder();
  if (!FILES.every((file) => existsSync(join(folder, file)))) throw noProvider(folder);
  const { missing } = librariesOf(join(folder, PROVIDER));
  // ONNX Runtime would say so on standard error only.
  if (missing.length > 0) throw cudaFailure(undefined);
}

function noProvider(folder: string): SlicebookError {
  const offered = process.platform === "linux" && process.arch === "x64";
  const packaged = offered ? homeOf(PACKAGE.name) : undefined;
  const script = join(runtimeHome(), "script", "install.js");
  return new SlicebookError("ENGINE_UNAVAILABLE", "ONNX Runtime's CUDA provider is not installed", {
    remedy: !offered
      ? "There is one for Linux on x64 only: set engine.device to cpu or webgpu."
      : packaged === undefined
        ? `Run node ${script} --onnxruntime-node-install=cuda12, which downloads it.`
        : linkRemedy({ packaged, folder, runtime: versionIn(runtimeHome()) }),
  });
}

/** How the provider of the installed package comes to an ONNX Runtime, of which it must have the version. */
function linkRemedy(places: { packaged: string; folder: string; runtime: string }): string {
  const { packaged, folder, runtime } = places;
  const version = versionIn(packaged);
  const needed = PACKAGE.runtimes.get(version);
  if (needed !== undefined && needed !== runtime) {
    return (
      `${PACKAGE.name}@${version} is for ONNX Runtime ${needed}, and onnxruntime-node is ${runtime} here: run ` +
      `npm pkg set overrides.onnxruntime-node=${needed} and npm install.`
    );
  }
  return `Run ln -s ${join(packaged, PACKAGE.folder)}/libonnxruntime_providers_{cuda,shared}.so ${folder}/.`;
}

/** What the libraries of CUDA that the provider loads are called by pip, without the ending for CUDA 12, and by people. */
const LIBRARIES: readonly (readonly [library: RegExp, pip: string, name: string])[] = [
  [/^libcublas(Lt)?\.so/, "nvidia-cublas", "CUDA's cuBLAS"],
  [/^libcudart\.so/, "nvidia-cuda-runtime", "CUDA's runtime"],
  [/^libcurand\.so/, "nvidia-curand", "CUDA's cuRAND"],
  [/^libcufft\.so/, "nvidia-cufft", "CUDA's cuFFT"],
  [/^libnvrtc\.so/, "nvidia-cuda-nvrtc", "CUDA's compiler at run time"],
  [/^libcudnn/, "nvidia-cudnn", "cuDNN"],
];

/** What starts a program with the libraries that pip installed, in a shell. */
const FOLDERS = `LD_LIBRARY_PATH=$(python3 -c 'import glob, nvidia; print(":".join(sum((glob.glob(p + "/*/lib") for p in nvidia.__path__), [])))')`;

/** Why the provider does not start, and what to do, by what it says and by what the system's loader finds. */
export function cudaFailure(cause: unknown): SlicebookError {
  const text = cause instanceof Error ? cause.message : "";
  const { needed, missing } = librariesOf(join(providerFolder(), PROVIDER));
  // What is loaded only when it is asked for, cuDNN among it, is not among what the file itself names.
  const named = /(lib[\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(text)?.[1];
  const lacking = [...new Set([...(named === undefined ? [] : [named]), ...missing])];
  const problem = lacking.length > 0 ? `its provider lacks ${lacking.join(", ")}` : firstLine(cause);
  return new SlicebookError("ENGINE_UNAVAILABLE", `ONNX Runtime does not start on cuda: ${problem}`, {
    remedy: cudaRemedy({ lacking, needed, text }),
    cause,
  });
}

/** The libraries that a library names, and those of them and of theirs that the system's loader does not find. */
export function librariesOf(library: string): { readonly needed: string[]; readonly missing: string[] } {
  const { stdout } = spawnSync("ldd", [library], { encoding: "utf8" });
  // Null where there is no such command.
  const lines = Array.from((stdout ?? "").matchAll(/^\s*(\S+) => (.+)$/gm));
  return {
    needed: lines.map(([, name]) => name!),
    missing: lines.filter(([, , path]) => path === "not found").map(([, name]) => name!),
  };
}

export interface CudaProblem {
  /** The libraries that are not found. */
  readonly lacking: readonly string[];
  /** Those and the ones that are. */
  readonly needed: readonly string[];
  /** What ONNX Runtime said. */
  readonly text: string;
}

/** What to install, or what else an error of CUDA asks for. */
export function cudaRemedy({ lacking, needed, text }: CudaProblem): string {
  if (lacking.some((library) => library.startsWith("libcuda.so"))) {
    return "Install NVIDIA's driver: there is none, or this container was started without it (docker run --gpus all).";
  }
  const names = lacking.length === 0 && /cudnn/i.test(text) ? ["libcudnn.so"] : lacking;
  const wanted = LIBRARIES.filter(([library]) => names.some((name) => library.test(name)));
  if (wanted.length > 0) {
    // cuDNN and cuRAND have version numbers of their own.
    const twelve = [...needed, ...lacking].some((name) => /^lib(cublas|cublasLt|cudart)\.so\.12/.test(name));
    const packages = wanted.map(([, pip]) => {
      if (twelve) return `${pip}-cu12`;
      return pip === "nvidia-cudnn" ? `${pip}-cu13` : pip;
    });
    const what = wanted.map(([, , name]) => name).join(", ");
    return `Install ${what}: pip install ${packages.join(" ")}, and start with ${FOLDERS}.`;
  }
  if (/driver version is insufficient|CUDA failure 35\b/.test(text)) {
    return "Install a newer NVIDIA driver: CUDA 12 needs 525 or later, CUDA 13 needs 580 or later.";
  }
  if (/no CUDA-capable device|CUDA failure 100\b/.test(text)) {
    return "There is no NVIDIA card, or CUDA_VISIBLE_DEVICES hides it: set engine.device to cpu or webgpu.";
  }
  if (/undefined symbol|API version/i.test(text)) {
    return "Give the CUDA provider and onnxruntime-node the same version.";
  }
  return "Install CUDA, cuDNN 9 and NVIDIA's driver as docs/engines.md says, or set engine.device: cpu.";
}
