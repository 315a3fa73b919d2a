import { getKernel } from "@tensorflow/tfjs-core";
import { backendName } from "./backend.ts";
import { callSite } from "./call-site.ts";
import { TraceError } from "./trace-error.ts";

// tf.op() gives its scope this suffix.
const suffix = "__op";

const randomOps = new Set([
  "multinomial",
  "rand",
  "randomGamma",
  "randomNormal",
  "randomStandardNormal",
  "randomUniform",
  "randomUniformInt",
  "truncatedNormal",
]);

/** The TensorFlow.js ops that are running, outermost first; random ones are refused as they start. */
export class OpStack {
  readonly #name: string;
  readonly #scopes: string[] = [];
  readonly #kernels = new Set<string>();
  #failed: string | undefined;

  /** `name` is the traced function's. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Unnamed scopes are those of tf.tidy(). */
  enter(name: string | null | undefined): void {
    const scope = name ?? "";
    this.#failed = undefined;
    this.#scopes.push(scope);
    const op = scope.endsWith(suffix) ? scope.slice(0, -suffix.length) : "";
    if (!randomOps.has(op)) return;
    const message = `${this.describe()} draws random numbers${callSite()}`;
    // The scope is refused before TensorFlow.js has opened it.
    this.#scopes.pop();
    throw new TraceError("TRACE_RANDOM_OP", message, {
      remedy:
        "A traced function draws once, and every run would repeat these numbers: " +
        "draw them outside and pass them in as an argument.",
    });
  }

  leave({ failed }: { readonly failed: boolean }): void {
    if (failed) this.#failed ??= this.describe();
    this.#scopes.pop();
  }

  /** What was running as an error was thrown that has come out of it since, for messages. */
  describeFailure(): string {
    return this.#failed ?? this.describe();
  }

  /** The kernels that were asked for, sorted. */
  get kernels(): readonly string[] {
    return [...this.#kernels].sort();
  }

  /** Notes a kernel; throws if none of this name can be recorded. */
  noteKernel(kernel: string): void {
    this.#kernels.add(kernel);
    if (getKernel(kernel, backendName) !== undefined) return;
    throw new TraceError(
      "TRACE_UNKNOWN_KERNEL",
      `${this.describe()} needs the kernel ${kernel}, which has no ONNX form${callSite()}`,
      {
        remedy: "Use other ops, or compute this outside of the traced function and pass it in.",
      },
    );
  }

  /** What is running, for messages: `tf.randomUniform (in tf.dropout) in "step"`. */
  describe(): string {
    const ops = this.#scopes
      .filter((scope) => scope.endsWith(suffix))
      .map((scope) => `tf.${scope.slice(0, -4)}`);
    const inner = ops.pop();
    const outer = ops.length === 0 ? "" : ` (in ${ops.join(" > ")})`;
    return inner === undefined ? `"${this.#name}"` : `${inner}${outer} in "${this.#name}"`;
  }
}
