import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** TensorFlow.js's WebAssembly files, which it fetches by their names, into the folder `wasm` beside the page. */
function wasmFiles(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: "slicebook-wasm-files",
    generateBundle() {
      for (const name of ["", "-simd", "-threaded-simd"]) {
        const file = `tfjs-backend-wasm${name}.wasm`;
        const source = readFileSync(resolve(`@tensorflow/tfjs-backend-wasm/dist/${file}`));
        this.emitFile({ type: "asset", fileName: `wasm/${file}`, source });
      }
    },
  };
}

/**
 * Keeps the threads of TensorFlow.js's WebAssembly backend working: their script is the text of a function of its own,
 * which must not use what lies beside it: the bundler's own `require`, which only Node gets to, and `_scriptDir`.
 */
function wasmThreads(): Plugin {
  return {
    name: "slicebook-wasm-threads",
    transform(code, id) {
      if (!id.includes("tfjs-backend-wasm-threaded-simd.js")) return undefined;
      const alone = code
        .replaceAll(/\brequire\(/g, "globalThis.require(")
        .replaceAll(/(?<!var )\b_scriptDir\b/g, "undefined");
      return { code: alone, map: null };
    },
  };
}

export default defineConfig({
  root: at("./src/page"),
  // Relative, so that an exported site works in any folder of a web server.
  base: "./",
  resolve: { conditions: ["@slicebook/source", "module", "browser", "import", "default"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: at("./dist/page"),
    emptyOutDir: true,
    target: "es2022",
    // The content-security policy lets nothing be loaded from within other files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // TensorFlow.js is large, and loaded when it is needed only.
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
  },
  worker: { format: "es", plugins: () => [wasmFiles(), wasmThreads()] },
  plugins: [wasmFiles()],
  logLevel: "warn",
});
