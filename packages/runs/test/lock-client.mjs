// Takes the lock of a run folder again and again, and often leaves it as a process does that is killed.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const [folder, links, seed] = process.argv.slice(2);
if (links === "no links") {
  fs.link = async () => {
    throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" });
  };
  syncBuiltinESMExports();
}
const { lockRun } = await import("../dist/lock.js");
const lock = join(folder, ".lock");
const marker = join(folder, "held");

let held = 0;
while (held < 15) {
  const release = await lockRun(folder).catch((error) => {
    if (error.code !== "RUN_LOCKED") throw error;
  });
  if (release === undefined) {
    await wait(1 + ((held + Number(seed)) % 4));
    continue;
  }
  // Fails if another process holds the lock.
  await fs.writeFile(marker, String(process.pid), { flag: "wx" });
  await wait(2);
  await fs.rm(marker);
  held += 1;
  if (held % 3 > 0) {
    const dead = { pid: 2 ** 22 + 1, host: hostname(), started: "", token: `${seed}-${held}` };
    await fs.writeFile(`${lock}.dead-${seed}`, JSON.stringify(dead));
    await fs.rename(`${lock}.dead-${seed}`, lock);
  }
  await release();
}
console.log(`held ${held} times, alone`);
