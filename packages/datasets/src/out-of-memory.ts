/** What V8, zlib, WebAssembly, the file system and libvips say when memory, or room for a thread, is missing. */
const SIGNS =
  /out of memory|allocation failed|cannot allocate|insufficient memory|not enough memory|memory exhausted|creating thread/i;
const CODES: readonly unknown[] = [
  "ENOMEM",
  "Z_MEM_ERROR",
  "ERR_WORKER_OUT_OF_MEMORY",
  "ERR_WORKER_INIT_FAILED",
];

/** Whether an error says that memory is missing, which no file is to blame for. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { message, code } = error as NodeJS.ErrnoException;
  // The lines after the first are warnings, such as of a damaged file that asks for absurdly much.
  const [reason = ""] = message.split("\n");
  return CODES.includes(code) || SIGNS.test(reason) || isOutOfMemory(error.cause);
}
