import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

const manifest = createRequire(import.meta.url)("../package.json") as {
  readonly dependencies: { readonly "@sparticuz/chromium": string };
};

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

/** The executable of that Chromium, unpacked into the temporary folder the first time. */
export async function chromiumPath(): Promise<string> {
  const version = manifest.dependencies["@sparticuz/chromium"];
  const folder = join(tmpdir(), `slicebook-chromium-${version}`);
  const executable = join(folder, "chromium");
  if (existsSync(executable)) return executable;
  // The package unpacks into the temporary folder, under names that several processes would write at once: it gets
  // a temporary folder of its own, which then takes its place whole.
  await mkdir(tmpdir(), { recursive: true });
  const unpackFolder = await mkdtemp(`${folder}-`);
  const unpack = fileURLToPath(new URL("../src/unpack-chromium.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [unpack], {
    env: { ...process.env, TMPDIR: unpackFolder, TEMP: unpackFolder, TMP: unpackFolder },
  });
  await rename(unpackFolder, folder).catch(async (error: unknown) => {
    await rm(unpackFolder, { recursive: true, force: true });
    if (!existsSync(executable)) throw error;
  });
  return executable;
}

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
