import { type Content, html, raw } from "./markup.ts";
import { style } from "./style.ts";
import { useNote } from "./summary.ts";

/** A part of a page, with a heading of its own. */
export type Section = readonly [id: string, title: string, body: Content];

export interface PageOptions {
  readonly title: string;
  readonly heading: string;
  readonly lead: string;
  readonly version: string;
  /** What comes before the sections. */
  readonly top: Content;
  readonly sections: readonly Section[];
  readonly foot: string;
}

/**
 * A self-contained HTML page: it asks nothing of the network (its content security policy forbids it), has no scripts,
 * and follows the reader's light or dark setting.
 */
export function page({ title, heading, lead, version, top, sections, foot }: PageOptions): string {
  const links = sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>\n`);
  const parts = sections.map(
    ([id, name, body]) =>
      html`<section aria-labelledby="${id}">\n<h2 id="${id}">${name}</h2>\n${body}\n</section>\n`,
  );
  const whole = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="generator" content="Slicebook ${version}">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<header>
<h1>${heading}</h1>
<p class="lead">${lead}</p>
<nav aria-label="Sections"><ul>
${links}</ul></nav>
</header>
<main>
${top}
${parts}</main>
<footer>
<p>${useNote}</p>
<p>${foot}</p>
</footer>
</body>
</html>
`;
  return whole.markup;
}
