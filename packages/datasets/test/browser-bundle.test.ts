import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { random } from "@slicebook/base";
import { expect, it } from "vitest";
import * as datasets from "../src/index.ts";

interface Chunk {
  readonly type: string;
  readonly code: string;
  readonly imports: readonly string[];
}

/** Vite's, which comes with vitest. */
type Build = (options: object) => Promise<readonly { readonly output: readonly Chunk[] }[]>;

async function loadBuild(): Promise<Build> {
  const vitest = createRequire(import.meta.url).resolve("vitest/package.json");
  const { build }: { build: Build } = await import(pathToFileURL(createRequire(vitest).resolve("vite")).href);
  return build;
}

/** What is computed on both sides; plain numbers, so that they can be compared across contexts. */
function compute(library: typeof datasets, values: Float32Array): number[][] {
  const { encodeNifti, decodeNifti, fitSize, fitPreprocessing, preprocessSlice, resizeBilinear } = library;
  const bytes = encodeNifti(values, { shape: [12, 10], type: "float32", slope: 0.5, intercept: 3 });
  const image = decodeNifti(bytes);
  const results = [Array.from(image.values)];
  for (const policy of ["crop", "pad", "resize"] as const) {
    const size = policy === "pad" ? ([16, 12] as const) : ([8, 8] as const);
    results.push(Array.from(fitSize(image, size, { policy, path: "slice" })));
  }
  for (const name of library.PREPROCESSINGS) {
    const out = new Float32Array(values.length);
    preprocessSlice(
      fitPreprocessing(name, () => [values]),
      values,
      out,
    );
    results.push(Array.from(out));
  }
  results.push(Array.from(resizeBilinear(values, [12, 10], [30, 7])));
  const drawn = library.drawPhantom({
    anatomy: "head",
    size: [32, 32],
    seed: 1,
    subject: "a",
    slice: 0,
    position: 0.5,
  });
  results.push(Array.from(drawn.values));
  return results;
}

it("is bundled for browsers without anything of Node's, and computes the same there", async () => {
  const name = "slicebookDatasets";
  const build = await loadBuild();
  const [bundled] = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@slicebook/source", "browser", "import", "default"] },
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL("../src/index.ts", import.meta.url)), name, formats: ["iife"] },
    },
  });
  const { code = "", imports } = bundled?.output[0] ?? {};
  expect(bundled?.output).toHaveLength(1);
  expect(imports).toEqual([]);
  expect(code).not.toMatch(/__vite-browser-external|node:|\brequire\(/);

  // What browsers have, and nothing else.
  const context = createContext({ TextDecoder, TextEncoder, Blob, DecompressionStream, URL });
  new Script(code).runInContext(context);
  const values = random(0, "slice").normals(120, 50);
  context.values = Array.from(values);
  const inBrowser = new Script(`(${compute.toString()})(${name}, Float32Array.from(values))`).runInContext(
    context,
  ) as number[][];
  const expected = compute(datasets, values);
  expect(inBrowser.length).toBe(expected.length);
  for (const [index, numbers] of expected.entries()) expect(Array.from(inBrowser[index]!)).toEqual(numbers);

  context.packed = new Uint8Array(
    gzipSync(datasets.encodeNifti(values, { shape: [12, 10], type: "float32" })),
  );
  const unpacked = (await new Script(`${name}.readNifti(packed)`).runInContext(
    context,
  )) as datasets.SliceImage;
  expect(Array.from(unpacked.values)).toEqual(Array.from(values));
});
