import type { ComponentChildren } from "preact";

/** Something that the reader has to know; errors are read out at once. */
export function Notice({
  kind,
  title,
  text,
  children,
}: {
  readonly kind: "error" | "hint";
  readonly title: string;
  readonly text?: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      <strong>{title}</strong>
      {text !== undefined && <p>{text}</p>}
      {children}
    </div>
  );
}

/** Holds the place of what is being loaded. */
export function Waiting({ what }: { readonly what: string }) {
  return (
    <div class="loading" role="status">
      Loading {what} …
    </div>
  );
}
