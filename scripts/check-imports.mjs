// Keeps the import directions of docs/design.md: no arrow between packages runs the other way.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What the sources of each package may import of ours. */
const MAY_IMPORT = {
  base: [],
  "tfjs-onnx": [],
  engine: ["base", "tfjs-onnx"],
  core: ["base"],
  datasets: ["base"],
  "prior-pixelcnn": ["base", "core"],
  "prior-transformer": ["base", "core"],
  runs: ["base", "core", "datasets"],
  report: ["base", "core", "runs"],
  config: ["base", "engine", "core", "datasets", "prior-pixelcnn", "prior-transformer", "runs"],
  model: ["base", "core", "datasets", "runs"],
  measure: ["base", "engine", "core", "datasets", "runs", "config", "model"],
  session: ["base", "engine", "core", "datasets", "runs", "config", "model"],
  pipeline: [
    "base",
    "tfjs-onnx",
    "engine",
    "core",
    "datasets",
    "runs",
    "report",
    "config",
    "model",
    "measure",
    "session",
  ],
  viewer: ["base", "engine", "core", "datasets", "runs", "report", "config", "model"],
  cli: ["base", "runs", "report", "config", "session", "pipeline", "viewer"],
  testing: [],
};

/** Packages whose sources also run in a browser, but for the files named: no `node:` import, no sharp, no native code. */
const PURE = {
  base: [
    "make-folder.ts",
    "node.ts",
    "plugin.ts",
    "plugin-hooks.ts",
    "read-regular-file.ts",
    "write-file-atomic.ts",
  ],
  "tfjs-onnx": [],
  engine: [
    "cuda.ts",
    "cuda-rounding.ts",
    "onnx.ts",
    "onnx-runtime.ts",
    "onnx-session.ts",
    "no-telemetry.ts",
    "physical-cores.ts",
    "node-gpu.ts",
  ],
  core: [],
  "prior-pixelcnn": [],
  "prior-transformer": [],
  model: [],
};

/** Folders of other packages whose sources run in a browser too, but for those in a folder `node`. */
const PURE_FOLDERS = ["datasets/src/formats"];

/** Parts of a package with rules of their own: the viewer's page has no server in it, and its server no models. */
const PARTS = {
  "viewer/src/page": [
    "base",
    "base/util",
    "engine/browser",
    "core",
    "core/host",
    "datasets",
    "config/built-in-priors",
    "model",
    "report/colour",
    "report/comparable",
    "report/evaluation-tables",
    "runs/figures",
  ],
  "viewer/src/server": ["base", "base/node", "core/host", "runs"],
  "viewer/src/shared": ["runs"],
};

/** The pipeline's folders from top to bottom: none imports from one above it. */
const FLOORS = [["api"], ["stages", "commands"]];

/** The one file that imports ONNX Runtime, since it turns its telemetry off before. */
const LOADS_ONNX_RUNTIME = "packages/engine/src/onnx-runtime.ts";

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
/** Text in which an import may be written out for a reader. */
const TEMPLATE = /`(?:\\.|[^`\\])*`/gs;
const NATIVE = /^(?:node:.*|sharp|onnxruntime-node|webgpu)$/;

function isPure(name, path) {
  if (name in PURE) return !PURE[name].includes(path);
  const folder = PURE_FOLDERS.find((folder) => `${name}/src/${path}`.startsWith(`${folder}/`));
  return folder !== undefined && !`${name}/src/${path}`.startsWith(`${folder}/node/`);
}

/** The floor of a file of the pipeline, 0 the top one; files in no folder are above all. */
function floorOf(path) {
  const [folder] = path.split(sep);
  return FLOORS.findIndex((floor) => floor.includes(folder));
}

/** Lists what is imported against the rules, a line each. */
export function checkImports(root) {
  const faults = [];
  const packages = readdirSync(join(root, "packages"));
  for (const name of packages) {
    const allowed = MAY_IMPORT[name];
    if (allowed === undefined) {
      faults.push(`packages/${name} has no rule in scripts/check-imports.mjs`);
      continue;
    }
    const sources = join(root, "packages", name, "src");
    const built = join(root, "packages", name, "tsconfig.build.json");
    const { references = [] } = JSON.parse(readFileSync(built, "utf8"));
    const referenced = references.map(({ path }) => path.split("/").at(-2));
    for (const path of readdirSync(sources, { recursive: true }).filter((path) => /\.tsx?$/.test(path))) {
      const file = join(sources, path);
      const part = Object.keys(PARTS).find((part) => `${name}/src/${path}`.startsWith(`${part}/`));
      for (const [, target] of readFileSync(file, "utf8").replaceAll(TEMPLATE, "").matchAll(IMPORT)) {
        const where = relative(root, file);
        const ours = /^@slicebook\/([^/]+)/.exec(target)?.[1];
        const other = ours === name ? undefined : ours;
        if (other !== undefined && !allowed.includes(other)) {
          faults.push(
            `${where} imports ${target}, but ${name} may import only: ${allowed.join(", ") || "none of ours"}`,
          );
        }
        // The page is not compiled with the package: Vite bundles it.
        if (other !== undefined && part !== "viewer/src/page" && !referenced.includes(other)) {
          faults.push(
            `${where} imports ${target}, but ${relative(root, built)} has no reference to ${other}`,
          );
        }
        const entry = target.replace(/^@slicebook\//, "");
        if (ours !== undefined && part !== undefined && !PARTS[part].includes(entry)) {
          faults.push(`${where} imports ${target}, but ${part} may import only: ${PARTS[part].join(", ")}`);
        }
        if (target === "onnxruntime-node" && where !== LOADS_ONNX_RUNTIME) {
          faults.push(`${where} imports ${target}, but ${LOADS_ONNX_RUNTIME} alone may`);
        }
        if (part === "viewer/src/page" && NATIVE.test(target)) {
          faults.push(`${where} imports ${target}, but the page runs in a browser`);
        }
        const [from, to] = [path, join(dirname(path), target)].map(floorOf);
        if (name === "pipeline" && target.startsWith(".") && from > to) {
          faults.push(
            `${where} imports ${target}, but pipeline's folders read downwards: ${FLOORS.join(" → ")}`,
          );
        }
        if (isPure(name, path) && (NATIVE.test(target) || target === "@slicebook/base/node")) {
          faults.push(`${where} imports ${target}, but ${name} also runs in a browser`);
        }
      }
    }
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = checkImports(fileURLToPath(new URL("..", import.meta.url)));
  for (const fault of faults) console.log(fault);
  process.exit(faults.length > 0 ? 1 : 0);
}
