// What is no more than a function, and not needed to start the command.
export { isRecord } from "./is-record.ts";
export { leaves } from "./leaves.ts";
export { editDistance, nearMiss } from "./near-miss.ts";
export { spread } from "./spread.ts";
