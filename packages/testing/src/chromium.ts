import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const manifest = createRequire(import.meta.url)("../package.json") as {
  readonly dependencies: { readonly "@sparticuz/chromium": string };
};

/** The executable of the Chromium that comes with the packages, unpacked into the temporary folder the first time. */
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
