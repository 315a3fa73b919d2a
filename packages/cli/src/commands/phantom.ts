import { perform } from "../perform.ts";
import type { OutputOptions, PhantomFlags } from "../program.ts";

/** Writes a phantom data set. */
export async function phantom(options: OutputOptions & PhantomFlags): Promise<void> {
  const { layout, out, seed, subjects, slices } = options;
  await perform(
    {
      kind: "phantom",
      layout,
      out,
      seed,
      ...(subjects === undefined ? {} : { subjects }),
      ...(slices === undefined ? {} : { slicesPerSubject: slices }),
    },
    options,
  );
}
