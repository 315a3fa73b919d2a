export { removeTemporaries, writeFileAtomic } from "./write-file-atomic.ts";
