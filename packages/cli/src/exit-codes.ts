/** What the command's exit code means; the help and the README list the same. */
export const exitCodes = {
  ok: 0,
  /** A mistake that the user can fix: a missing folder, a wrong key, a full disk. */
  mistake: 1,
  /** The command itself is wrong: an unknown option, a missing argument. */
  usage: 2,
  /** A bug in Slicebook (`EX_SOFTWARE` of sysexits.h). */
  internal: 70,
  /** 128 + the number of the signal, as shells have it. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;
