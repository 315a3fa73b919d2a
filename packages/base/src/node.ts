export { makeFolder } from "./make-folder.ts";
export { type ReadRegularFileOptions, readRegularFile, readRegularFileStart } from "./read-regular-file.ts";
export { type AtomicFile, openFileAtomic, removeTemporaries, writeFileAtomic } from "./write-file-atomic.ts";
