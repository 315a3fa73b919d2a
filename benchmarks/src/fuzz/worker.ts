// Reads damaged inputs one after another, as it is told; started by `fuzz`, which ends it if it hangs.
import { cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSlicebookError, random } from "@slicebook/base";
import type { FUZZ_KINDS, FuzzInput, FuzzReply, FuzzWorkerOptions } from "./kinds.ts";
import { fuzzPicture, wholePictures } from "./pictures.ts";
import { fuzzRun, fuzzSlbk, openRunUnderTest } from "./runs.ts";
import { fuzzConfig, wholeConfigurations } from "./texts.ts";

const { seed, folder, run, slbk }: FuzzWorkerOptions = JSON.parse(process.argv[2]!);
const copy = join(folder, "runs", basename(run));
await mkdir(folder, { recursive: true });
await cp(run, copy, { recursive: true });

const pictures = await wholePictures();
const configurations = await wholeConfigurations(run);
const underTest = await openRunUnderTest(copy, slbk);

const readers: Record<(typeof FUZZ_KINDS)[number], (input: FuzzInput) => Promise<void>> = {
  picture: (input) => fuzzPicture(pictures, drawsOf(input), folder),
  config: (input) => fuzzConfig(configurations, drawsOf(input), folder),
  run: (input) => fuzzRun(underTest, drawsOf(input), folder),
  slbk: (input) => fuzzSlbk(underTest, drawsOf(input), folder),
};

function drawsOf({ kind, number }: FuzzInput) {
  return random(seed, "fuzz", kind, number);
}

function tell(reply: Omit<FuzzReply, "memory">): void {
  process.send!({ ...reply, memory: process.resourceUsage().maxRSS * 1024 } satisfies FuzzReply);
}

/** What the system says when an input asked for what it may not have is the user's as well, as in the command. */
const ENVIRONMENT = /^(?:EACCES|EPERM|EROFS|ENOSPC|EDQUOT|EMFILE|ENAMETOOLONG|ENOENT): /;

process.on("message", async (input: FuzzInput) => {
  try {
    await readers[input.kind](input);
    tell({ input, outcome: "read" });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isSlicebookError(error) || ENVIRONMENT.test(message)) tell({ input, outcome: "refused" });
    else
      tell({ input, outcome: "internal", why: error instanceof Error ? (error.stack ?? message) : message });
  }
});
process.send!("ready");
