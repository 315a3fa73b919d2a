import { useEffect, useState } from "preact/hooks";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const NAMES: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };
const KEY = "slicebook.theme";

/** The colours: as the system has them, light, dark; remembered. Charts hear of a change by the event `theme`. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Not remembered where the browser forbids it.
    }
    dispatchEvent(new Event("theme"));
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <button
      type="button"
      class="icon"
      aria-label={`Colours: ${NAMES[theme]}. Change to ${NAMES[next]}`}
      title={`Colours: ${NAMES[theme]}`}
      onClick={() => setTheme(next)}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
        {theme === "auto" && <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />}
        {theme === "dark" && <circle cx="10" cy="10" r="7" fill="currentColor" />}
        {theme === "light" && <circle cx="10" cy="10" r="2.5" fill="currentColor" />}
      </svg>
    </button>
  );
}

function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Calls `react` when the colours change, by the button or with the system. */
export function onThemeChange(react: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("theme", react);
  system.addEventListener("change", react);
  return () => {
    removeEventListener("theme", react);
    system.removeEventListener("change", react);
  };
}

/** The colour that a custom property stands for now, for canvases. */
export function themeColour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
