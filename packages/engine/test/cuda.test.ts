import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cudaRemedy, librariesOf } from "../src/cuda.ts";
import { decideRounding } from "../src/cuda-rounding.ts";

const cuda13 = ["libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcudart.so.13", "libcuda.so.1"];
const cuda12 = ["libcublasLt.so.12", "libcublas.so.12", "libcudart.so.12"];

it.each([
  [
    "CUDA 13",
    cuda13.slice(0, 3),
    cuda13,
    "",
    /cuBLAS.*cuRAND: pip install nvidia-cublas nvidia-curand, .*LD_LIBRARY_PATH=/,
  ],
  ["CUDA 12", cuda12, cuda12, "", /pip install nvidia-cublas-cu12 nvidia-cuda-runtime-cu12,/],
  ["cuDNN for CUDA 12", ["libcudnn.so.9"], cuda12, "", /pip install nvidia-cudnn-cu12,/],
  ["cuDNN for CUDA 13", ["libcudnn_graph.so.9"], cuda13, "", /pip install nvidia-cudnn-cu13,/],
  [
    "cuDNN, by its error,",
    [],
    cuda13,
    "CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED",
    /nvidia-cudnn-cu13,/,
  ],
  ["a driver", cuda13, cuda13, "", /NVIDIA's driver.*--gpus all/],
  [
    "a newer driver",
    [],
    cuda13,
    "CUDA failure 35: CUDA driver version is insufficient",
    /newer NVIDIA driver/,
  ],
  ["a card", [], cuda13, "CUDA failure 100: no CUDA-capable device is detected", /no NVIDIA card/],
  ["the same version", [], cuda13, "libx.so: undefined symbol: OrtGetApiBase", /the same version/],
])("says what to do where %s is missing", (_, lacking, needed, text, remedy) => {
  expect(cudaRemedy({ lacking, needed, text })).toMatch(remedy);
});

it.skipIf(spawnSync("cc", ["--version"]).status !== 0)(
  "lists the libraries that the loader does not find",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "slicebook-cuda-"));
    const cc = (...args: string[]) =>
      execFileSync("cc", ["-shared", "-xc", "/dev/null", ...args], { cwd: folder });
    try {
      cc("-o", "libcublasLt.so.13", "-Wl,-soname,libcublasLt.so.13");
      cc("-o", "libprovider.so", "-xnone", "-Wl,--no-as-needed", "libcublasLt.so.13");
      rmSync(join(folder, "libcublasLt.so.13"));
      const { needed, missing } = librariesOf(join(folder, "libprovider.so"));
      expect(missing).toEqual(["libcublasLt.so.13"]);
      expect(needed).toContain("libc.so.6");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

it("keeps CUDA from TensorFloat-32 unless that is asked for, once for the process", () => {
  decideRounding("float32");
  expect(process.env.NVIDIA_TF32_OVERRIDE).toBe("0");
  decideRounding("float32");
  decideRounding("float16");
  expect(() => decideRounding("tf32")).toThrow("CUDA was started with float32 in this process");
});
