const tracerFolder = new URL(".", import.meta.url).pathname;
const tensorflow = /@tensorflow|tf-core/;
/** TensorFlow.js calls itself a dozen times for one op. */
const deep = 60;

/**
 * Where the code that is neither TensorFlow.js's nor this package's stands, outermost call aside: ` at step.ts:12:7`, with a space
 * before it; empty where the engine does not tell. `stack` is an error's, by default that of the call itself.
 */
export function callSite(stack: string = withDeepStacks(() => new Error().stack ?? "")): string {
  const site = sitesOf(stack).find((site) => !site.includes(tracerFolder) && !tensorflow.test(site));
  return site === undefined ? "" : ` at ${site.replace(/^file:\/\//, "")}`;
}

/** Whether it is TensorFlow.js that threw an error. */
export function isThrownByTensorflow({ stack = "" }: Error): boolean {
  return tensorflow.test(sitesOf(stack)[0] ?? "");
}

/** Runs `body` such that the errors made in it tell more of their stack than usual. */
export function withDeepStacks<T>(body: () => T): T {
  const settings = Error as { stackTraceLimit?: number };
  const before = settings.stackTraceLimit;
  settings.stackTraceLimit = deep;
  try {
    return body();
  } finally {
    if (before !== undefined) settings.stackTraceLimit = before;
  }
}

/** The files and lines of a stack, innermost first. */
function sitesOf(stack: string): string[] {
  return stack
    .split("\n")
    .slice(1)
    .map((line) => /((?:file:|https?:|\/|[A-Z]:\\)[^()]*?:\d+:\d+)\)?$/.exec(line)?.[1])
    .filter((site) => site !== undefined);
}
