import { decimals } from "@slicebook/runs/figures";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RunAnswer, SamplesAnswer, ThreePairs } from "../../shared/answers.ts";
import { fetchJson, fileUrl, type Loaded, useLoaded } from "../data.ts";
import { percent, plural } from "../format.ts";
import { EngineLine } from "../live/engine-line.tsx";
import { hrefOf } from "../router.ts";
import { Choice, Figure } from "../ui/controls.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { Picture } from "../ui/picture.tsx";
import { type ReadyModel, useModel } from "../use-model.ts";

export function Samples({ run }: { readonly run: RunAnswer }) {
  const { entry, files, info } = run;
  const drawn = files.samples !== null;
  const loaded = useLoaded(
    async () =>
      drawn ? await fetchJson<SamplesAnswer>(`data/${encodeURIComponent(entry.id)}/samples.json`) : undefined,
    `${entry.id} ${info.stages.sample?.finished}`,
  );
  if (!drawn) {
    return (
      <p class="empty">
        No samples have been drawn yet. Once the prior is trained, draw some with `slicebook sample`, or{" "}
        <a href={hrefOf({ page: "run", id: entry.id, view: "live" })}>here in the page</a>.
      </p>
    );
  }
  if (loaded.state === "waiting") return <Waiting what="the samples" />;
  if (loaded.state === "failed")
    return <Notice kind="error" title="The samples cannot be shown" text={loaded.reason} />;
  return loaded.value === undefined ? null : <Drawn run={run} answer={loaded.value} />;
}

type Likeness = "bySsim" | "byCodes";

function Drawn({ run, answer }: { readonly run: RunAnswer; readonly answer: SamplesAnswer }) {
  const { entry, info } = run;
  const { novelty } = answer;
  const size = info.data.size;
  const [likeness, setLikeness] = useState<Likeness>("bySsim");
  const model = useModel(run);
  const samples = useDecoded(
    model,
    fileUrl(entry.id, answer.path),
    answer.samples.map(({ picture }, index) => (picture === null ? index : null)),
  );
  const nearest = useDecoded(
    model,
    fileUrl(entry.id, answer.trainPath),
    answer.samples.map((sample) => sample.nearest?.[likeness].index ?? null),
  );
  // Those that are drawn anew have the same names.
  const pictureUrl = (path: string) =>
    `${fileUrl(entry.id, path)}?${encodeURIComponent(info.stages.sample?.finished ?? "")}`;
  return (
    <>
      {novelty !== null && (
        <dl class="figures">
          <Figure
            name="Copies of training slices"
            value={`${novelty.flagged}`}
            unit={`of ${answer.samples.length}`}
            detail={novelty.rule}
          />
          <Figure
            name="Likeness of two samples"
            value={decimals(novelty.diversity.samples, 3)}
            detail={`MS-SSIM; ${decimals(novelty.diversity.heldOut, 3)} of two real slices`}
          />
          {novelty.pixels !== null && <Pixels {...novelty.pixels} />}
        </dl>
      )}
      {novelty?.pixels && <p class="note">{novelty.pixels.limit}</p>}
      {model.state === "here" && <EngineLine opened={model.value.opened} />}
      {model.state === "failed" && (
        <Notice kind="error" title="The model cannot be opened" text={model.reason} />
      )}
      <div class="tools">
        <p class="lead">
          {plural(answer.samples.length, "sample")}
          {novelty !== null && ", each beside the training slice that it is nearest to"}
        </p>
        {novelty !== null && (
          <Choice
            label="Nearest"
            options={[
              { value: "bySsim", text: "By appearance" },
              { value: "byCodes", text: "By codes" },
            ]}
            value={likeness}
            onChange={setLikeness}
          />
        )}
      </div>
      <ul class="samples">
        {answer.samples.map(({ name, picture, label, nearest: neighbours }, index) => (
          <li key={name} class="panel">
            <div class="twins">
              <Decoded
                values={picture === null ? samples?.[index] : pictureUrl(picture)}
                size={size}
                label={`${name}: drawn`}
              >
                {name}
                <small>{label ?? "drawn"}</small>
              </Decoded>
              {neighbours !== null && (
                <Decoded
                  values={nearest?.[index]}
                  size={size}
                  label={`${neighbours[likeness].name}: the training slice nearest to ${name}`}
                >
                  {neighbours[likeness].name}
                  <small>nearest in training</small>
                </Decoded>
              )}
            </div>
            {neighbours !== null && novelty !== null && (
              <Distance
                value={neighbours[likeness].distance}
                usual={novelty[likeness]}
                text={
                  likeness === "byCodes"
                    ? `${percent(neighbours.byCodes.distance)} of the codes differ`
                    : `1 − SSIM is ${decimals(neighbours.bySsim.distance, 3)}`
                }
              />
            )}
            {neighbours?.memorised && <p class="word">Taken for a copy.</p>}
          </li>
        ))}
      </ul>
      {novelty !== null && (
        <p class="note">
          The mark on each bar is the middle distance of test slices, which the model has not seen, to their
          nearest: {likeness === "byCodes" ? percent(novelty.byCodes) : decimals(novelty.bySsim, 3)}.
        </p>
      )}
    </>
  );
}

/** How far the samples are from test slices by pixels; training slices are what no sample can better. */
function Pixels({
  auc,
  aucAgainstReconstructions,
  coverage,
  density,
  patchDistance,
}: NonNullable<NonNullable<SamplesAnswer["novelty"]>["pixels"]>) {
  const others = ({ floor, reconstructions }: ThreePairs) =>
    `training slices ${decimals(floor, 3)}, reconstructions ${decimals(reconstructions, 3)}`;
  return (
    <>
      {auc !== null && (
        <Figure
          name="Told from test slices"
          value={decimals(auc.samples, 3)}
          unit="AUC"
          detail={
            `0.5 is not at all; ${others(auc)}` +
            (aucAgainstReconstructions === null
              ? ""
              : `; samples from reconstructions ${decimals(aucAgainstReconstructions, 3)}`)
          }
        />
      )}
      {coverage !== null && (
        <Figure
          name="Coverage of test slices"
          value={decimals(coverage.samples, 3)}
          detail={others(coverage)}
        />
      )}
      {density !== null && (
        <Figure name="Density" value={decimals(density.samples, 3)} detail={others(density)} />
      )}
      {patchDistance !== null && (
        <Figure
          name="Patch distance"
          value={decimals(patchDistance.samples, 3)}
          detail={`sliced Wasserstein; ${others(patchDistance)}`}
        />
      )}
    </>
  );
}

/** Grids of a file, decoded one after the other; nothing of those without a number, or that are not here yet. */
function useDecoded(
  model: Loaded<ReadyModel>,
  url: string,
  indices: readonly (number | null)[],
): readonly (Float32Array | undefined)[] | undefined {
  const ready = model.state === "here" ? model.value : undefined;
  const key = `${url} ${indices.join(" ")}`;
  const [decoded, setDecoded] = useState<{
    readonly key: string;
    readonly images: readonly (Float32Array | undefined)[];
  }>();
  useEffect(() => {
    if (ready === undefined) return;
    let wanted = true;
    (async () => {
      let images = indices.map((): Float32Array | undefined => undefined);
      for (const [position, index] of indices.entries()) {
        if (index === null) continue;
        const grids = await ready.client.call("grids", { url, indices: [index] });
        const [image] = await ready.client.call("images", { grids });
        if (!wanted) return;
        images = images.with(position, image);
        setDecoded({ key, images });
      }
    })().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [ready, key]);
  return decoded?.key === key ? decoded.images : undefined;
}

/** A slice: its values, or the address of its picture. */
function Decoded({
  values,
  size: [height, width],
  label,
  children,
}: {
  readonly values: Float32Array | string | undefined;
  readonly size: readonly [number, number];
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <figure>
      <div class="layers" style={{ aspectRatio: `${width} / ${height}` }}>
        {typeof values === "string" ? (
          <img class="picture" src={values} height={height} width={width} alt={label} />
        ) : (
          values !== undefined && <Picture values={values} height={height} width={width} label={label} />
        )}
      </div>
      <figcaption>{children}</figcaption>
    </figure>
  );
}

/** A distance on a bar, with a mark at what is usual for slices not seen. */
function Distance({
  value,
  usual,
  text,
}: {
  readonly value: number;
  readonly usual: number;
  readonly text: string;
}) {
  return (
    <p class="distance">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="8" class="rail" />
        <rect width={100 * Math.min(1, value)} height="8" class="bar" />
        <rect x={100 * Math.min(1, usual) - 0.5} width="1" height="8" class="mark" />
      </svg>
      {text}
    </p>
  );
}
