import { useEffect, useRef } from "preact/hooks";
import { ComparePage } from "./compare-page.tsx";
import { type Connection, useConnection, useRuns } from "./data.ts";
import { hrefOf, type Route, useRoute } from "./router.ts";
import { RunPage } from "./run/run-page.tsx";
import { RunsPage } from "./runs-page.tsx";
import { Notice, Waiting } from "./ui/notice.tsx";
import { ThemeButton } from "./ui/theme.tsx";

export function App() {
  const route = useRoute();
  const runs = useRuns();
  useTitle(route);
  const heading = useFocusOnArrival(route);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <a class="brand" href={hrefOf({ page: "runs" })}>
          <Logo />
          Slicebook
        </a>
        <nav class="trail" aria-label="Place">
          {route.page === "run" && <span class="here">{route.id}</span>}
          {route.page === "compare" && <span class="here">Compare</span>}
        </nav>
        {runs.state === "here" && runs.value.live && <Pulse />}
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1} ref={heading}>
        {runs.state === "waiting" && <Waiting what="runs" />}
        {runs.state === "failed" && (
          <Notice kind="error" title="The runs cannot be shown" text={runs.reason} />
        )}
        {runs.state === "here" && route.page === "runs" && <RunsPage answer={runs.value} />}
        {runs.state === "here" && route.page === "compare" && (
          <ComparePage answer={runs.value} ids={route.ids} />
        )}
        {runs.state === "here" && route.page === "run" && (
          <RunPage key={route.id} id={route.id} view={route.view} live={runs.value.live} />
        )}
      </main>
      <footer class="foot">
        For research and teaching, not for diagnosis. Everything is computed on this device; nothing is sent
        anywhere.
      </footer>
    </>
  );
}

const CONNECTIONS: Readonly<Record<Connection, { readonly name: string; readonly title: string }>> = {
  connecting: { name: "Connecting", title: "Connecting to the server" },
  live: { name: "Live", title: "The page follows the folder as runs train" },
  lost: { name: "Offline", title: "The server does not answer. Is `slicebook view` still running?" },
};

/** Says whether the page follows the folder as runs train. */
function Pulse() {
  const connection = useConnection();
  const { name, title } = CONNECTIONS[connection];
  return (
    <span class={`pulse ${connection}`} role="status" title={title}>
      <span class="dot" aria-hidden="true" />
      {name}
    </span>
  );
}

function useTitle(route: Route): void {
  const part =
    route.page === "run"
      ? `${route.id} · `
      : route.page === "compare"
        ? `Compare ${route.ids.length} runs · `
        : "";
  useEffect(() => {
    document.title = `${part}Slicebook`;
  }, [part]);
}

/** Whoever follows a link to another page by keyboard continues from its start, as after a page load. */
function useFocusOnArrival(route: Route) {
  const main = useRef<HTMLElement>(null);
  const pageKey = route.page === "run" ? `run ${route.id}` : route.page;
  const before = useRef(pageKey);
  useEffect(() => {
    if (before.current === pageKey) return;
    before.current = pageKey;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [pageKey]);
  return main;
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b3954" />
      <g fill="#7cc4f5">
        <rect x="7" y="7" width="5" height="5" rx="1" opacity=".45" />
        <rect x="13.5" y="7" width="5" height="5" rx="1" />
        <rect x="20" y="7" width="5" height="5" rx="1" opacity=".6" />
        <rect x="7" y="13.5" width="5" height="5" rx="1" />
        <rect x="13.5" y="13.5" width="5" height="5" rx="1" fill="#ffb454" />
        <rect x="20" y="13.5" width="5" height="5" rx="1" />
        <rect x="7" y="20" width="5" height="5" rx="1" opacity=".6" />
        <rect x="13.5" y="20" width="5" height="5" rx="1" />
        <rect x="20" y="20" width="5" height="5" rx="1" opacity=".45" />
      </g>
    </svg>
  );
}
