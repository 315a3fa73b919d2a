import { expect, test } from "vitest";
import { fittedTable } from "../src/format.ts";

const rows = [
  ["run", "state", "SSIM"],
  ["a", "complete", "0.8412"],
];
const stream = (isTTY: boolean, columns: number) => ({ isTTY, columns }) as NodeJS.WriteStream;
const leaveOut = ["state", "SSIM"];

test.each([
  [true, 21, "run  state     SSIM"],
  [true, 20, "run  SSIM"],
  [true, 18, "run  SSIM"],
  [true, 10, "run"],
  [true, 1, "run"],
  [false, 1, "run  state     SSIM"],
])(
  "leaves columns out of a terminal's table that has no room (terminal %s, %d columns)",
  (isTTY, columns, head) => {
    const [first] = fittedTable(rows, { stream: stream(isTTY, columns), leaveOut }).split("\n");
    expect(first).toBe(head);
  },
);
