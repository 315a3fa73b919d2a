export { type AtomicFile, openFileAtomic, writeFileAtomic } from "./write-file-atomic.ts";
