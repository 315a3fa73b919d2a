import { decimals } from "@slicebook/runs/figures";
import { useEffect, useState } from "preact/hooks";
import { plural, short } from "../format.ts";
import { Figure } from "../ui/controls.tsx";
import { Notice } from "../ui/notice.tsx";
import type { ReadyModel } from "../use-model.ts";
import { CallError, textOf } from "../worker/client.ts";
import type { CompressedEntry, RestoreEvent } from "../worker/protocol.ts";
import { FileButton, type GivenFile } from "./drop-zone.tsx";

/** A compressed file while it is restored, and after. */
interface Restoring {
  readonly file: GivenFile;
  readonly slices: readonly CompressedEntry[];
  /** Addresses of the pictures that are there. */
  readonly pictures: readonly string[];
  readonly codes: { readonly done: number; readonly all: number } | undefined;
  /** Seconds that it took, once it is done. */
  readonly seconds: number | undefined;
  readonly problem: string | undefined;
  readonly stopped: boolean;
}

/** Restores the slices of a file that `slicebook compress` wrote with this run. */
export function RestoreBench({
  run,
  model: { client, opened },
  file,
  onFile,
  over,
}: {
  /** What it is called. */
  readonly run: string;
  readonly model: ReadyModel;
  readonly file: GivenFile | undefined;
  readonly onFile: (file: GivenFile) => void;
  /** Whether a file is held over the page. */
  readonly over: boolean;
}) {
  const [height, width] = opened.size;
  const [restoring, setRestoring] = useState<Restoring>();
  const [stop, setStop] = useState<AbortController>();

  useEffect(() => {
    if (file === undefined) return;
    const controller = new AbortController();
    const pictures: string[] = [];
    const change = (part: Partial<Restoring>) => {
      if (!left) setRestoring((before) => before && { ...before, ...part });
    };
    let left = false;
    setStop(controller);
    setRestoring({
      file,
      slices: [],
      pictures: [],
      codes: undefined,
      seconds: undefined,
      problem: undefined,
      stopped: false,
    });
    const onEvent = (event: RestoreEvent) => {
      if (left) return;
      if ("slices" in event) change({ slices: event.slices });
      else if ("codes" in event) change({ codes: event.codes });
      else {
        pictures.push(URL.createObjectURL(event.picture));
        change({ pictures: [...pictures] });
      }
    };
    client
      .call("restore", { file: file.content, name: file.name }, { onEvent, signal: controller.signal })
      .then(
        ({ seconds }) => change({ seconds }),
        (error: unknown) =>
          change(
            error instanceof CallError && error.cancelled ? { stopped: true } : { problem: textOf(error) },
          ),
      );
    return () => {
      left = true;
      controller.abort();
      for (const url of pictures) URL.revokeObjectURL(url);
    };
  }, [client, file]);

  const busy =
    restoring !== undefined &&
    restoring.seconds === undefined &&
    restoring.problem === undefined &&
    !restoring.stopped;
  return (
    <>
      <section
        class={`drop ${over ? "over" : ""} ${restoring === undefined ? "" : "compact"}`}
        aria-label="Your compressed file"
      >
        <FileButton text="Open a compressed file" accept={[".slbk"]} onFile={onFile} />
        <p>
          {busy && restoring.slices.length === 0 ? (
            `Reading ${restoring.file.name} …`
          ) : (
            <>
              or drop one on the page: a slice or an archive (.slbk) that <code>slicebook compress</code>{" "}
              wrote with {run}. It stays on this device.
            </>
          )}
        </p>
      </section>
      {restoring?.problem !== undefined && (
        <Notice kind="error" title="The file cannot be restored" text={restoring.problem} />
      )}
      {restoring !== undefined && restoring.slices.length > 0 && (
        <>
          <Sizes restoring={restoring} size={opened.size} />
          <div class="tools">
            <p class="caption" role="status">
              {statusOf(restoring)}
            </p>
            {busy && (
              <>
                <progress
                  aria-label="Codes read"
                  value={restoring.codes?.done ?? 0}
                  max={restoring.codes?.all ?? 1}
                />
                <button type="button" class="button" onClick={() => stop?.abort()}>
                  Stop
                </button>
              </>
            )}
          </div>
          <ul class="drawn restored">
            {restoring.slices.map(({ name, bytes }, index) => {
              const picture = restoring.pictures[index];
              return (
                <li key={name}>
                  <div class="layers" style={{ aspectRatio: `${width} / ${height}` }}>
                    {picture !== undefined && (
                      <img
                        class="picture"
                        src={picture}
                        width={width}
                        height={height}
                        alt={`${name}, restored`}
                      />
                    )}
                  </div>
                  <span>
                    <strong>{name}</strong>
                    <small>
                      {plural(bytes, "byte")}, {decimals((8 * bytes) / (height * width), 3)} bits per pixel
                    </small>
                    {picture !== undefined && (
                      <a href={picture} download={`${name}.png`} aria-label={`Save as PNG: ${name}`}>
                        Save as PNG
                      </a>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
          <Notes restoring={restoring} size={opened.size} />
        </>
      )}
    </>
  );
}

function Sizes({
  restoring: { file, slices },
  size: [height, width],
}: {
  readonly restoring: Restoring;
  readonly size: readonly [number, number];
}) {
  const bytes = file.content.size;
  return (
    <dl class="figures live">
      <Figure name="File" value={plural(bytes, "byte")} detail={file.name} />
      <Figure name="Slices" value={slices.length.toLocaleString("en")} detail={`${height} × ${width} px`} />
      <Figure
        name="Bits per pixel"
        value={decimals((8 * bytes) / (slices.length * height * width), 3)}
        unit="bits"
        detail="all bytes of the file counted"
      />
    </dl>
  );
}

/** What was lost on the way to these pictures, where something was. */
function Notes({
  restoring: { slices },
  size: [height, width],
}: {
  readonly restoring: Restoring;
  readonly size: readonly [number, number];
}) {
  const fitted = slices.filter(({ originalSize }) => originalSize !== null).length;
  return (
    <>
      {fitted > 0 && (
        <p class="note">
          {plural(fitted, "original")} had another size, and {fitted === 1 ? "was" : "were"} brought to{" "}
          {height} × {width} px.
        </p>
      )}
      {slices.some(({ placed }) => placed) && (
        <p class="note">
          Slices of NIfTI files are shown from their least to their greatest value;{" "}
          <code>slicebook decompress</code> restores them in the original units, at their place.
        </p>
      )}
    </>
  );
}

function statusOf({ slices, pictures, codes, seconds, stopped, problem }: Restoring): string {
  const there = `${pictures.length} of ${plural(slices.length, "slice")}`;
  if (problem !== undefined) return `Restored ${there} before it failed`;
  if (stopped) return `Stopped: ${there} restored`;
  if (seconds === undefined)
    return codes === undefined
      ? `Restoring ${there}`
      : `Restoring ${there}: ${codes.done} of ${plural(codes.all, "code")} read`;
  return `${plural(slices.length, "slice")} in ${short(seconds)} s, ${short(seconds / slices.length)} s each`;
}
