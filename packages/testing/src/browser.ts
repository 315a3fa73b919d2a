import { type Browser, chromium } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

export interface BrowserOptions {
  /** Whether pages have WebGPU, on SwiftShader; pages must then be served from `http://localhost`. */
  readonly webgpu?: boolean;
  /** Environment variables of the browser over this process's: `FONTCONFIG_FILE` for a machine without fonts. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the headless Chromium that comes with the packages: nothing of the system's is needed.
 *
 * The caller closes it.
 */
export async function launchBrowser({ webgpu = false, env = {} }: BrowserOptions = {}): Promise<Browser> {
  const executablePath = await chromiumPath();
  const gpu = webgpu
    ? [
        "--enable-unsafe-webgpu",
        "--enable-features=Vulkan",
        "--use-vulkan=swiftshader",
        "--use-webgpu-adapter=swiftshader",
      ]
    : ["--disable-gpu"];
  return chromium.launch({
    executablePath,
    // As root (a container) there is no sandbox; the pages are our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", ...gpu],
    env: { ...definedIn(process.env), ...env },
  });
}

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
