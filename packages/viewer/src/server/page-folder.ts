import { fileURLToPath } from "node:url";

/** The folder of the built page: `dist/page` of this package, from its sources as from its build. */
export function pageFolder(): string {
  return fileURLToPath(new URL("../../dist/page", import.meta.url));
}
