import {
  baselinesNote,
  baselineTable,
  maskTable,
  rankedTable,
  type TextTable,
} from "@slicebook/report/evaluation-tables";
import type { RunEvaluation } from "../../shared/answers.ts";

/** What the evaluation compared: with other ways to code the slices, within labels of masks, and slice with slice. */
export function Comparisons({ evaluation }: { readonly evaluation: RunEvaluation }) {
  const { baselines, masks, best = [], worst = [] } = evaluation;
  return (
    <>
      {baselines !== undefined && (
        <>
          <h2>Beside other ways to code the slices</h2>
          <Texts label="Baselines" table={baselineTable(baselines)} />
          <p class="caption">{withCommands(baselinesNote(baselines))}</p>
        </>
      )}
      {masks !== undefined && masks.length > 0 && (
        <>
          <h2>Errors within the labels of the masks</h2>
          <Texts label="Errors by label" table={maskTable(masks)} />
        </>
      )}
      {best.length > 0 && (
        <>
          <h2>Best slices</h2>
          <Texts label="Best slices" table={rankedTable(best)} />
          <h2>Worst slices</h2>
          <Texts label="Worst slices" table={rankedTable(worst)} />
        </>
      )}
    </>
  );
}

/** Text whose commands stand between backticks, as in Markdown. */
function withCommands(text: string) {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : <code key={part}>{part}</code>));
}

/** The first column names its rows; the others are numbers, but for those of names. */
function Texts({ label, table: { head, rows } }: { readonly label: string; readonly table: TextTable }) {
  const columnClass = (column: number) => (head[column] === "Subject" ? "" : "number");
  const [first, ...others] = head;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {others.map((title, column) => (
              <th key={title} scope="col" class={columnClass(column + 1)}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {cells.map((cell, column) => (
                <td key={head[column + 1]} class={columnClass(column + 1)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
