import { bitsOfEvenCodes } from "@slicebook/report/evaluation-tables";
import {
  decimals,
  figureText,
  SLICE_FIGURES,
  type SliceFigureKey,
  sliceFigureKeys,
  withUnit,
} from "@slicebook/runs/figures";
import { useState } from "preact/hooks";
import type { Estimate, RunAnswer, RunEvaluation } from "../../shared/answers.ts";
import { fileUrl } from "../data.ts";
import { duration, intervalInWords, plural, short, when } from "../format.ts";
import { Figure } from "../ui/controls.tsx";
import { Comparisons } from "./comparisons.tsx";
import { Curves } from "./curves.tsx";
import { Settings } from "./settings.tsx";

export function Overview({ run }: { readonly run: RunAnswer }) {
  const { entry, evaluation, metrics, config, info, files } = run;
  return (
    <>
      {evaluation === null ? (
        <p class="empty">Not evaluated on the test split yet.</p>
      ) : (
        <KeyFigures run={run} evaluation={evaluation} />
      )}
      <h2>Curves</h2>
      <Curves runs={[{ name: entry.id, rows: metrics }]} />
      {evaluation !== null && (
        <>
          <h2>Subjects of the test split</h2>
          <Subjects evaluation={evaluation} />
          <Comparisons evaluation={evaluation} />
        </>
      )}
      <h2>How it was made</h2>
      <dl class="pairs panel made">
        <div>
          <dt>Started</dt>
          <dd>{when(info.created)}</dd>
        </div>
        <div>
          <dt>Engine</dt>
          <dd>{info.engine.description}</dd>
        </div>
        <div>
          <dt>Machine</dt>
          <dd>
            {info.machine.cpu}, {plural(info.machine.cores, "core")},{" "}
            {decimals(info.machine.memory / 2 ** 30, 1)} GiB
          </dd>
        </div>
        <div>
          <dt>Seed</dt>
          <dd>{info.seed}</dd>
        </div>
        {Object.entries(info.stages).map(([stage, { seconds }]) => (
          <div key={stage}>
            <dt>{stage}</dt>
            <dd>{duration(seconds)}</dd>
          </div>
        ))}
      </dl>
      {files.report !== null && (
        <p>
          <a href={fileUrl(entry.id, files.report)} target="_blank" rel="noreferrer">
            Open the report as one page
          </a>
        </p>
      )}
      <details class="fold">
        <summary>
          <h2>Settings</h2>
        </summary>
        <Settings config={config} />
      </details>
    </>
  );
}

function KeyFigures({
  run: { entry, info },
  evaluation,
}: {
  readonly run: RunAnswer;
  readonly evaluation: RunEvaluation;
}) {
  const { ssim, msSsim, psnr, perplexity, codesInUse, codes, bitsPerPixel } = evaluation;
  const bits = entry.figures.bitsPerCode;
  return (
    <dl class="figures">
      <Figure
        {...figureOf("ssim", ssim)}
        detail={`${intervalInWords(ssim)}; ${plural(ssim.n, "slice")} of ${plural(ssim.subjects, "subject")}`}
      />
      <Figure {...figureOf("msSsim", msSsim)} detail={plural(msSsim.scales, "scale")} />
      <Figure {...figureOf("psnr", psnr)} detail={`± ${decimals(psnr.sd, 2)} dB over slices`} />
      <Figure name="Perplexity" value={short(perplexity)} detail={`${codesInUse} of ${codes} codes in use`} />
      {bits !== undefined && (
        <Figure
          name="Bits per code"
          value={decimals(bits, 3)}
          unit="bits"
          detail={`of ${decimals(bitsOfEvenCodes(info.model), 1)} without a prior`}
        />
      )}
      <Figure
        name="Bits per pixel"
        value={decimals(bitsPerPixel.prior ?? bitsPerPixel.entropy, 3)}
        unit="bits"
        detail={bitsPerPixel.prior === null ? "by the codes' entropy" : "by the prior"}
      />
      <Figure {...figureOf("ssimDefault", evaluation.ssimDefault)} detail="scikit-image's defaults" />
      <Figure name="Training" value={duration(entry.seconds)} detail={entry.engine} />
    </dl>
  );
}

type SubjectKey = "subject" | "n" | SliceFigureKey;
const SUBJECT_COLUMNS: readonly { readonly key: SubjectKey; readonly title: string }[] = [
  { key: "subject", title: "Subject" },
  { key: "n", title: "Slices" },
  ...sliceFigureKeys.map((key) => ({ key, title: withUnit(SLICE_FIGURES[key]) })),
];
/** A figure's name, value and unit as the key figures show them. */
function figureOf(key: SliceFigureKey, { mean }: Estimate) {
  const { name, unit, digits } = SLICE_FIGURES[key];
  return { name, value: figureText({ digits }, mean), ...(unit !== "" && { unit }) };
}

/** Rows shown before all are asked for. */
const FEW = 12;

function Subjects({ evaluation: { subjects, ssim } }: { readonly evaluation: RunEvaluation }) {
  const [sort, setSort] = useState<{ readonly key: SubjectKey; readonly falling: boolean }>({
    key: "ssim",
    falling: false,
  });
  const [all, setAll] = useState(false);
  const order = [...subjects].sort((a, b) => {
    // Runs of earlier versions lack some figures.
    const [first, second] = [a[sort.key] ?? -Infinity, b[sort.key] ?? -Infinity];
    const less =
      typeof first === "string"
        ? first.localeCompare(String(second), "en", { numeric: true })
        : first - Number(second);
    return sort.falling ? -less : less;
  });
  const shown = all ? order : order.slice(0, FEW);
  const low = Math.min(...subjects.map((subject) => subject.ssim));
  const high = Math.max(...subjects.map((subject) => subject.ssim));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="scroll" aria-label="Figures per subject" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {SUBJECT_COLUMNS.map(({ key, title }) => (
                <th
                  key={key}
                  scope="col"
                  class={key === "subject" ? "" : "number"}
                  aria-sort={sort.key === key ? (sort.falling ? "descending" : "ascending") : undefined}
                >
                  <button
                    type="button"
                    onClick={() => setSort({ key, falling: sort.key === key ? !sort.falling : false })}
                  >
                    {title}
                    <span class="arrow" aria-hidden="true">
                      {sort.key === key ? (sort.falling ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((subject) => (
              <tr key={subject.subject}>
                <th scope="row">{subject.subject}</th>
                <td class="number">{subject.n}</td>
                <td class="number">
                  <span class="estimate">
                    {figureText(SLICE_FIGURES.ssim, subject.ssim)}
                    <svg viewBox="0 0 80 10" width="80" height="10" aria-hidden="true">
                      <line x1="0" x2="80" y1="5" y2="5" class="rail" />
                      <line
                        x1={at(ssim.mean, low, high)}
                        x2={at(ssim.mean, low, high)}
                        y1="0"
                        y2="10"
                        class="rail"
                      />
                      <circle cx={at(subject.ssim, low, high)} cy="5" r="3" class="mean" />
                    </svg>
                  </span>
                </td>
                {sliceFigureKeys.slice(1).map((key) => (
                  <td key={key} class="number">
                    {figureText(SLICE_FIGURES[key], subject[key])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {order.length > FEW && (
        <button type="button" class="button" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${order.length} subjects`}
        </button>
      )}
    </>
  );
}

function at(value: number, low: number, high: number): number {
  return 4 + (72 * (value - low)) / Math.max(high - low, 1e-9);
}
