// The demo: the whole pipeline on the phantom data set, from an empty clone.
import { root, run, setup } from "./setup.mjs";

setup();
const args = process.argv.slice(2);
process.exit(
  run(process.execPath, [`${root}/packages/cli/bin/slicebook.js`, "run", "configs/phantom.yaml", ...args], {
    stdio: "inherit",
  }),
);
