import { leaves } from "@slicebook/base/util";

/** The value of a setting as text. */
export function settingText(value: unknown): string {
  return Array.isArray(value) ? value.join(" × ") : value === null ? "none" : String(value);
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
              {Array.from(leaves(value), ([key, setting]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd class={setting === null ? "none" : ""}>{settingText(setting)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ),
      )}
    </div>
  );
}
