import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

const module = new URL("../dist/interruption.js", import.meta.url);

it.runIf(process.platform !== "win32").each(["SIGTERM", "SIGINT"] as const)(
  "ends work that does not hear one %s, after the deadline",
  async (signal) => {
    const program = `
      import { interruptible } from ${JSON.stringify(module.href)};
      interruptible({
        onStop: () => console.log("stopping"),
        onExit: () => console.log("leaving"),
        deadlineSeconds: 0.3,
      });
      setInterval(() => {}, 1000);
      console.log("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (text.startsWith("ready")) child.kill(signal);
    });
    expect(await once(child, "close")).toEqual([null, signal]);
    expect(said).toBe("ready\nstopping\nleaving\n");
  },
);
