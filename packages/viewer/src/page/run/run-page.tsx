import type { RunAnswer } from "../../shared/answers.ts";
import { useRun } from "../data.ts";
import { codesText, gridText, plural } from "../format.ts";
import { LivePage } from "../live/live-page.tsx";
import { hrefOf, VIEWS, type View } from "../router.ts";
import { Notice, Waiting } from "../ui/notice.tsx";
import { Codebook } from "./codebook.tsx";
import { Overview } from "./overview.tsx";
import { Reconstructions } from "./reconstructions.tsx";
import { Samples } from "./samples.tsx";

const NAMES: Readonly<Record<View, string>> = {
  overview: "Overview",
  reconstructions: "Reconstructions",
  codebook: "Codebook",
  samples: "Samples",
  live: "Live",
};

export function RunPage({
  id,
  view,
  live,
}: {
  readonly id: string;
  readonly view: View;
  readonly live: boolean;
}) {
  const run = useRun(id, live);
  if (run.state === "waiting") return <Waiting what="the run" />;
  if (run.state === "failed")
    return <Notice kind="error" title={`“${id}” cannot be shown`} text={run.reason} />;
  const { entry } = run.value;
  return (
    <>
      <div class="head">
        <h1>{id}</h1>
        <p class="lead">{summaryOf(run.value)}</p>
        {entry.state === "running" && <span class="state running">training</span>}
      </div>
      <nav class="tabs" aria-label="Views of this run">
        {VIEWS.map((name) => (
          <a
            key={name}
            href={hrefOf({ page: "run", id, view: name })}
            aria-current={name === view ? "page" : undefined}
          >
            {NAMES[name]}
          </a>
        ))}
      </nav>
      {view === "overview" && <Overview run={run.value} />}
      {view === "reconstructions" && <Reconstructions run={run.value} />}
      {view === "codebook" && <Codebook run={run.value} />}
      {view === "samples" && <Samples run={run.value} />}
      {view === "live" && <LivePage run={run.value} />}
    </>
  );
}

function summaryOf({ info }: RunAnswer): string {
  const [height, width] = info.data.size;
  const { train } = info.data.splits;
  return (
    `${info.data.adapter}, ${plural(train.slices, "training slice")} of ${height} × ${width} px; ` +
    `${info.model.preset} model, ${codesText(info.model)}, ${gridText(info.model.grids)}`
  );
}
