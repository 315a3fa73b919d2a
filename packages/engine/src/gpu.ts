/** The part of WebGPU's `GPUAdapterInfo` that names a graphics card. */
export interface GpuAdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

interface GpuAdapter {
  readonly info: GpuAdapterInfo;
}

/** The part of WebGPU's `GPU` that tells whether there is one. */
export interface Gpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<GpuAdapter | null>;
}

/** What `navigator.gpu` offers first; undefined where there is no WebGPU, or no adapter. */
export async function gpuInfo(): Promise<GpuAdapterInfo | undefined> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  const adapter = await navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter?.info;
}

/** An adapter's name for people: `SwiftShader driver 5.0.0`, `nvidia ampere`. */
export function describeGpu({ vendor, architecture, device, description }: GpuAdapterInfo): string {
  return description || device || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
}

/** Whether an adapter computes on the CPU after all: SwiftShader, Mesa's llvmpipe and lavapipe, Windows's WARP. */
export function isSoftwareGpu({ isFallbackAdapter, ...names }: GpuAdapterInfo): boolean {
  const known = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;
  return isFallbackAdapter === true || known.test(Object.values(names).join(" "));
}
