/**
 * The most bytes that a file may have, or unpack to: 512 MiB, a volume of 512×512×512 float32 values. A gzip file of
 * half a megabyte can announce that much, and several are read at a time.
 */
export const LARGEST_FILE = 2 ** 29;

/**
 * The most pixels that a slice may have: 2²⁴, as many as the largest size that can be asked for, 4096×4096. In
 * float64, which some need, that is 128 MiB.
 */
export const LARGEST_SLICE = 2 ** 24;

/** No picture of allowed size takes nearly as long; one that is made to take long is ended. */
export const MOST_SECONDS = 60;
