import type { OpenedModel } from "../worker/protocol.ts";

/** What computes, and why nothing faster does. */
export function EngineLine({ opened: { engine, passedOver } }: { readonly opened: OpenedModel }) {
  const name = { webgpu: "WebGPU", wasm: "WebAssembly", cpu: "JavaScript" }[engine.kind];
  const parts = engine.description.split(", ").slice(2).join(", ");
  const what = passedOver === null ? parts : `${parts}:`;
  return (
    <p class="engine" title={engine.description}>
      <span class={`chip ${engine.kind}`}>{name}</span>
      {what}
      {passedOver !== null && <span class="word">{passedOver}.</span>}
    </p>
  );
}
