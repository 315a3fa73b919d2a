import { useEffect, useState } from "preact/hooks";

/** The views of one run, in the order of their tabs. */
export const VIEWS = ["overview", "reconstructions", "codebook", "samples", "live"] as const;
export type View = (typeof VIEWS)[number];

/** A place in the page, as the part of its address after `#` names it. */
export type Route =
  | { readonly page: "runs" }
  | { readonly page: "compare"; readonly ids: readonly string[] }
  | { readonly page: "run"; readonly id: string; readonly view: View };

export function hrefOf(route: Route): string {
  switch (route.page) {
    case "runs":
      return "#/";
    case "compare":
      return `#/compare/${route.ids.map(encodeURIComponent).join("/")}`;
    case "run": {
      const runHref = `#/run/${encodeURIComponent(route.id)}`;
      return route.view === "overview" ? runHref : `${runHref}/${route.view}`;
    }
  }
}

function routeOf(hash: string): Route {
  const [page, ...rest] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decoded);
  if (page === "compare" && rest.length > 0) return { page, ids: rest };
  if (page === "run" && rest[0] !== undefined) {
    const view = VIEWS.find((name) => name === rest[1]) ?? "overview";
    return { page, id: rest[0], view };
  }
  return { page: "runs" };
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return routeOf(hash);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
