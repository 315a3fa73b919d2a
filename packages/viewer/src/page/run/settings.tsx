/** Every value of a configuration with its dotted key. */
export function leavesOf(value: unknown, path = ""): [key: string, text: string][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      leavesOf(inner, path === "" ? key : `${path}.${key}`),
    );
  }
  return [[path, Array.isArray(value) ? value.join(" × ") : String(value)]];
}

/** The configuration of a run, a part of it each under its own heading. */
export function Settings({ config }: { readonly config: unknown }) {
  const parts = Object.entries((config ?? {}) as Record<string, unknown>);
  const grouped = parts.filter(([, value]) => typeof value === "object" && value !== null);
  const plain = parts.filter(([, value]) => typeof value !== "object" || value === null);
  return (
    <div class="settings">
      {[...grouped, ...(plain.length > 0 ? [["general", Object.fromEntries(plain)] as const] : [])].map(
        ([name, value]) => (
          <section key={name} class="panel" aria-label={`Settings: ${name}`}>
            <h3>{name}</h3>
            <dl class="pairs">
              {leavesOf(value).map(([key, text]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd class={text === "null" ? "none" : ""}>{text === "null" ? "none" : text}</dd>
                </div>
              ))}
            </dl>
          </section>
        ),
      )}
    </div>
  );
}
