export { type AtomicFile, openFileAtomic, removeTemporaries, writeFileAtomic } from "./write-file-atomic.ts";
