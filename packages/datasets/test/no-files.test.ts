import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodeNifti } from "../src/index.ts";
import { fingerprintDataset, inspectDataset, openDataset } from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

it.runIf(process.platform !== "win32")(
  "pipes and devices among slices are named, and can be left out",
  async () => {
    const slice = encodeNifti(new Uint8Array(64).fill(3), { shape: [8, 8], type: "uint8" });
    const names = Array.from({ length: 30 }, (_, index) => `s${index}_0.nii`);
    const root = await temporaryFolder(Object.fromEntries(names.map((name) => [name, slice])));
    execFileSync("mkfifo", [join(root, "p1_0.nii"), join(root, "p2_0.png")]);
    symlinkSync("/dev/zero", join(root, "d_0.nii"));
    for (const volumes of [undefined, { plane: 2 as const }]) {
      const options = { pattern: "{subject}_{slice}.*", volumes };
      const config = { adapter: "folder", root, size: [8, 8] as [number, number], options };
      const { unreadable } = await inspectDataset(config);
      expect(unreadable.map(({ reason }) => reason.slice(root.length + 1)).sort()).toEqual([
        "d_0.nii cannot be read: it is a device, not a file",
        "p1_0.nii cannot be read: it is a pipe, not a file",
        "p2_0.png cannot be read: it is a pipe, not a file",
      ]);
      expect(await fingerprintDataset(config)).toMatch(/^content:/);
      await expect(openDataset(config)).rejects.toMatchObject({ code: "SLICE_UNREADABLE" });
      const { skipped } = await openDataset({ ...config, onUnreadable: "skip" });
      expect(skipped).toHaveLength(3);
    }
  },
);
