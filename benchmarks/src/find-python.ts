import { spawnSync } from "node:child_process";

/** The first Python that can import some modules: `SLICEBOOK_PYTHON` if it is set, or the usual ones. */
export function findPython(modules: string): string | undefined {
  const named = process.env.SLICEBOOK_PYTHON;
  const candidates = named === undefined ? ["python3", "python", "/usr/bin/python3"] : [named];
  return candidates.find(
    (command) => spawnSync(command, ["-c", `import ${modules}`], { stdio: "ignore" }).status === 0,
  );
}
