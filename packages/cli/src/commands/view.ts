import { spawn } from "node:child_process";
import { once } from "node:events";
import { serveViewer } from "@slicebook/viewer";
import type { ViewFlags } from "../flags.ts";

/** Serves the viewer of a folder of runs, or of one run, until Ctrl-C, and opens the browser. */
export async function view(folder: string, { host, port, open }: ViewFlags): Promise<void> {
  const viewer = await serveViewer(folder, { host, ...(port === undefined ? {} : { port }) });
  process.stdout.write(`${viewer.url}\n`);
  process.stderr.write("Ctrl-C ends it.\n");
  if (open) openBrowser(viewer.url);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await viewer.close();
}

/** Where there is no browser to open, the address that is printed has to do. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  const opener = spawn(command!, args, { stdio: "ignore", detached: true });
  opener.on("error", () => undefined);
  opener.unref();
}
