import { readFileSync } from "node:fs";
import { parseSync } from "rolldown/utils";

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
}

/**
 * Lists what each entry in a package's `exports` exports, as text for a snapshot: a name a line, types marked as such.
 *
 * `root` is the package's folder, with its closing slash; its sources are read, not run.
 */
export function publicExports(root: URL): string {
  const manifest: Manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const entries = Object.entries(manifest.exports).map(([path, { default: built }]) => {
    const source = new URL(built.replace("/dist/", "/src/").replace(/\.js$/, ".ts"), root);
    return [`${manifest.name}${path.slice(1)}`, ...exportsOf(source).map((line) => `  ${line}`), ""];
  });
  return entries.flat().join("\n");
}

function exportsOf(file: URL): string[] {
  const { errors, module } = parseSync(file.pathname, readFileSync(file, "utf8"));
  if (errors.length > 0) throw errors[0];
  const lines = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, importName, moduleRequest, isType }) => {
      if (exportName.kind === "None") throw new Error(`${file.pathname}: export by name, not by *`);
      const name = exportName.name ?? "default";
      if (importName.kind !== "All") return [isType ? `type ${name}` : name];
      return exportsOf(new URL(moduleRequest!.value, file)).map((line) =>
        line.replace(/^(type )?/, `$&${name}.`),
      );
    }),
  );
  // Overloads have the same name; types and values of one name are two lines.
  return [...new Set(lines)].sort();
}
