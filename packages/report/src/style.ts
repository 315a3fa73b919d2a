import { ink, okabeIto } from "./figures/palette.ts";

/** The plots' colours on a dark page: each as far from the page as its counterpart is from white paper. */
const darkPlot: readonly (readonly [light: string, dark: string])[] = [
  [ink.paper, "var(--panel)"],
  [ink.text, "var(--text)"],
  [ink.muted, "var(--muted)"],
  [ink.line, "#5c6672"],
  [ink.grid, "#2c333c"],
  [okabeIto.blue, "#4aa8ec"],
  [okabeIto.vermillion, "#ff8f4a"],
  [okabeIto.skyBlue, "#a5d8f7"],
  [okabeIto.orange, "#f4c04d"],
  [okabeIto.green, "#2fc79c"],
  [okabeIto.purple, "#e3a3c5"],
  [okabeIto.black, "#d5dce3"],
];

const darkPlotRules = darkPlot
  .flatMap(([light, dark]) => ["fill", "stroke"].map((name) => `.plot [${name}="${light}"]{${name}:${dark}}`))
  .join("\n  ");

/** The report's style sheet: light or dark as the reader's system is, and plain ink on paper in print. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --panel: #ffffff; --text: #1b2430; --muted: #56616f; --edge: #d9dfe5; --accent: #00588a;
  --code: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --panel: #1a2027; --text: #e6ebf0; --muted: #a3afbb; --edge: #323b45; --accent: #7cc4f5;
    --code: #232b34;
  }
  ${darkPlotRules}
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 48px 0 12px; }
h3 { font-size: 1.05rem; margin: 24px 0 8px; }
p { max-width: 75ch; margin: 0 0 12px; }
a { color: var(--accent); }
.lead { font-size: 1.1rem; color: var(--muted); }
.notice { border-left: 4px solid var(--accent); background: var(--panel); padding: 12px 16px; max-width: none; }
.note { color: var(--muted); font-size: 0.9rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 16px 0 0; padding: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 16px; margin: 24px 0; }
.card, .panel, figure {
  background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; margin: 0; padding: 16px 18px;
}
.card dt { color: var(--muted); font-size: 0.9rem; }
.card .value { font-size: 1.9rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card dd { margin: 0; }
.card dd + dd { color: var(--muted); font-size: 0.85rem; }
.scroll { overflow-x: auto; background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 12px 14px 4px; color: var(--muted); }
th, td { text-align: left; padding: 8px 14px; border-top: 1px solid var(--edge); vertical-align: top; }
thead th { border-top: 0; color: var(--muted); font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
th:first-child { width: 20%; }
tbody th { font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 16px; }
.plot { padding: 8px; }
.plot svg { display: block; width: 100%; height: auto; }
.picture { margin: 12px 0; }
.picture img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #ffffff; border-radius: 4px; }
figcaption { color: var(--muted); font-size: 0.9rem; margin-top: 10px; }
summary { cursor: pointer; font-weight: 600; padding: 6px 0; }
pre { background: var(--code); border-radius: 8px; padding: 14px 16px; overflow-x: auto; font-size: 0.85rem; line-height: 1.5; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.commands dt { margin-top: 12px; }
.commands dd { margin: 2px 0 0; color: var(--muted); }
.commands code { background: var(--code); border-radius: 6px; padding: 4px 8px; display: inline-block; max-width: 100%; overflow-wrap: anywhere; }
footer { padding-top: 40px; padding-bottom: 48px; color: var(--muted); font-size: 0.9rem; }
@page { margin: 14mm; }
@media print {
  body { background: none; font-size: 10.5pt; }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  header, footer { padding-top: 0; padding-bottom: 0; }
  /* A film does not play on paper. */
  nav, section:has(> .film) { display: none; }
  h2 { margin-top: 24px; }
  h2, h3, caption, summary { break-after: avoid; }
  .card, figure, .scroll, tr, pre, .commands > div { break-inside: avoid; }
  .picture img { max-height: 225mm; }
  .plots { display: block; }
  .plots > * { margin-bottom: 12px; }
  .cards { display: flex; flex-wrap: wrap; }
  .cards > * { flex: 1 1 30%; }
  /* All of a table and of what is folded away, since nobody scrolls or opens on paper. */
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: 4px 6px; }
  thead { display: table-header-group; }
  pre { overflow: visible; white-space: pre-wrap; overflow-wrap: anywhere; break-inside: auto; columns: 2; font-size: 8pt; }
  details::details-content { content-visibility: visible; height: auto; }
}
`;
