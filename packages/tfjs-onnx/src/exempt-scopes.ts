import { engine } from "@tensorflow/tfjs-core";
import type { Graph } from "./graph.ts";

/** How `tf.tidy()` is named where everything stays float32, gradients included. */
const exemptScope = "float32";

/** Follows TensorFlow.js's scopes, and exempts from half precision what is recorded in those of that name, and its gradients. */
export class ExemptScopes {
  readonly #graph: Graph;
  /** Of each open scope, what held before it, and, if it exempts, how long the tape was. */
  readonly #open: { readonly before: boolean; readonly from?: number }[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  enter(name: string | null | undefined): void {
    const { exempting: before } = this.#graph;
    if (name !== exemptScope) {
      this.#open.push({ before });
      return;
    }
    this.#open.push({ before, from: engine().state.activeTape?.length ?? 0 });
    this.#graph.exempting = true;
  }

  leave(): void {
    const { before, from } = this.#open.pop()!;
    this.#graph.exempting = before;
    if (from === undefined) return;
    // Gradients are recorded when the scope is long over.
    for (const node of engine().state.activeTape?.slice(from) ?? []) {
      const { gradient } = node;
      if (gradient === undefined) continue;
      node.gradient = (dys) => {
        const parts = Object.entries(this.#exempted(() => gradient(dys)));
        return Object.fromEntries(parts.map(([name, part]) => [name, () => this.#exempted(part)]));
      };
    }
  }

  #exempted<T>(compute: () => T): T {
    const { exempting: before } = this.#graph;
    this.#graph.exempting = true;
    try {
      return compute();
    } finally {
      this.#graph.exempting = before;
    }
  }
}
