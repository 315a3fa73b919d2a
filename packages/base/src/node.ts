export { makeFolder } from "./make-folder.ts";
export {
  blamedOnPlugin,
  type ImportPluginOptions,
  importPlugin,
  offeredHomes,
  type PluginKind,
  type PluginModule,
  pluginError,
} from "./plugin.ts";
export { type ReadRegularFileOptions, readRegularFile, readRegularFileStart } from "./read-regular-file.ts";
export { type AtomicFile, openFileAtomic, removeTemporaries, writeFileAtomic } from "./write-file-atomic.ts";
