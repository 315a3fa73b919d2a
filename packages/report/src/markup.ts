/** HTML that is ready to be put into a page; made by {@link html}, which escapes whatever is not. */
export interface Markup {
  readonly markup: string;
}

/** What a page is put together from; plain text is escaped. */
export type Content = Markup | string | number | readonly Content[];

/** A table whose first column names its rows; a column named by a list holds numbers. */
export function table({
  caption,
  head,
  rows,
}: {
  readonly caption: string;
  readonly head: readonly (string | readonly [string])[];
  readonly rows: readonly (readonly string[])[];
}): Markup {
  const isNumber = head.map((name) => typeof name !== "string");
  const align = (column: number) => (isNumber[column] ? raw(' class="number"') : []);
  const headings = head.map((name, column) => html`<th scope="col"${align(column)}>${name}</th>`);
  const lines = rows.map((cells) => {
    const [first = "", ...others] = cells;
    return html`<tr><th scope="row">${first}</th>${others.map((cell, index) => html`<td${align(index + 1)}>${withCode(cell)}</td>`)}</tr>\n`;
  });
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${headings}</tr></thead>
<tbody>
${lines}</tbody>
</table></div>`;
}

/** A whole SVG document as an image within a page: described as one, rather than piece by piece. */
export function inlineSvg(svg: string, alt: string): Markup {
  const inline = svg
    .replace(/^[\s\S]*?<svg\b/, "<svg")
    .replace(/\s(?:role|class|version|xmlns|xmlns:xlink|pointer-events|aria-[a-z]+)="[^"]*"/g, "")
    .replace("<svg", `<svg role="img" aria-label="${escapeHtml(alt)}"`);
  return raw(inline);
}

/** A template of HTML: what is put in is escaped, unless it is markup. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = strings.map((text, index) => text + (index < values.length ? markupOf(values[index]!) : ""));
  return raw(parts.join(""));
}

/** Text in which commands stand between backticks, as in Markdown. */
export function withCode(text: string): Content {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}

/** Text that is HTML already. */
export function raw(markup: string): Markup {
  return { markup };
}

function markupOf(content: Content): string {
  if (typeof content === "string" || typeof content === "number") return escapeHtml(String(content));
  return "markup" in content ? content.markup : content.map(markupOf).join("");
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
