import { rm } from "node:fs/promises";
import { writeFileAtomic } from "@slicebook/base/node";
import type { Greys } from "@slicebook/model";
import { greyPng, tall } from "@slicebook/report";
import type { EqualBytes, EqualBytesFiles } from "@slicebook/runs";

/** Test slices, and what is left of them by each way to code them in as many bytes; the pictures on each original's scale. */
export interface CodedPictures {
  readonly originals: Greys;
  readonly slices: EqualBytes["slices"];
  readonly ways: readonly (EqualBytes["ways"][number] & { readonly pictures: Greys })[];
}

/** Keeps them for the viewer; the description last, so that what it names is there. Without any, those of before are taken away. */
export async function saveEqualBytes(
  files: EqualBytesFiles,
  coded: CodedPictures | undefined,
): Promise<void> {
  await rm(files.slices, { force: true });
  if (coded === undefined) return;
  const { originals, slices, ways } = coded;
  await writeFileAtomic(files.originals, await greyPng(tall(originals), 0));
  for (const { name, pictures } of ways) {
    await writeFileAtomic(files.picture(name), await greyPng(tall(pictures), 0));
  }
  const described: EqualBytes = {
    schema: 1,
    coding: "tables",
    slices,
    ways: ways.map(({ name, slices }) => ({ name, slices })),
  };
  await writeFileAtomic(files.slices, `${JSON.stringify(described, undefined, 2)}\n`);
}
