import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesUnder, slicebook, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const cwd = temporaryFolder();
const home = join(cwd, "home");
/** A user's environment: the tests' own keeps ONNX Runtime quiet, and so does a build server's. */
const env = {
  HOME: home,
  USERPROFILE: home,
  LOCALAPPDATA: home,
  XDG_CACHE_HOME: join(home, "cache"),
  ORT_DISABLE_TELEMETRY: undefined,
  CI: undefined,
  GITHUB_ACTIONS: undefined,
  TF_BUILD: undefined,
};

test("a whole run opens no socket, and leaves no file but its own", async () => {
  await writeTiny(cwd);
  await mkdir(home);
  const trace = join(cwd, "trace.txt");
  const traced = canTrace();
  const under = traced ? ["strace", "-f", "-qq", "-e", "signal=none", "-e", "trace=socket", "-o", trace] : [];
  const { code, stderr } = await slicebook(["run", "tiny.yaml"], { cwd, env, under });
  expect(code, stderr).toBe(0);
  // The library's id of the device and its events would be here.
  expect(await filesUnder(home)).toEqual([]);
  expect(
    (await filesUnder(cwd)).filter((file) => !/^(runs[\\/]|tiny\.yaml$|trace\.txt$)/.test(file)),
  ).toEqual([]);
  if (traced) expect(await readFile(trace, "utf8")).toBe("");
});

/** Whether system calls can be traced here. Where they cannot, the files alone tell. */
function canTrace(): boolean {
  try {
    execFileSync("strace", ["-f", "-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
