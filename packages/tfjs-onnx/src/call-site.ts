const own = new URL(".", import.meta.url).pathname;

/**
 * Where the code that is neither TensorFlow.js's nor this package's stands, outermost call aside: ` at step.ts:12:7`, with a space
 * before it; empty where the engine does not tell.
 */
export function callSite(): string {
  const settings = Error as { stackTraceLimit?: number };
  const before = settings.stackTraceLimit;
  // TensorFlow.js calls itself a dozen times for one op.
  settings.stackTraceLimit = 60;
  const { stack = "" } = new Error();
  if (before !== undefined) settings.stackTraceLimit = before;
  for (const line of stack.split("\n").slice(1)) {
    const place = /((?:file:|https?:|\/|[A-Z]:\\)[^()]*?:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place === undefined || place.includes(own) || /@tensorflow|tf-core/.test(place)) continue;
    return ` at ${place.replace(/^file:\/\//, "")}`;
  }
  return "";
}
