import { expect, test } from "vitest";
import { filesUnder } from "./command.ts";
import { wholeRun } from "./whole-run.ts";

test("a whole run opens no socket, and leaves no file but its own", async () => {
  const { cwd, home, sockets, outcome } = await wholeRun();
  expect(outcome.code, outcome.stderr).toBe(0);
  // The library's id of the device and its events would be here.
  expect(await filesUnder(home)).toEqual([]);
  expect((await filesUnder(cwd)).filter((file) => !/^(runs[\\/]|tiny\.yaml$)/.test(file))).toEqual([]);
  // Where system calls cannot be traced, the files alone tell.
  if (sockets !== undefined) expect(sockets).toBe("");
});
