import { join } from "node:path";
import { exportSite } from "@slicebook/viewer";

/** Writes the viewer of a run as static files, its model inside. */
export async function writeSite(run: string, out: string): Promise<void> {
  const files = await exportSite({ run, out });
  process.stdout.write(`${join(out, "index.html")}\n`);
  process.stderr.write(`${files.length} files; any web server can serve them: npx http-server ${out}\n`);
}
