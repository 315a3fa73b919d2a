/** What to do where no more files can be opened. */
export const manyFiles = "Too many files are open: raise the limit (ulimit -n 1024) and run it again.";
