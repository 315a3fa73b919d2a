import { useEffect, useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { fileUrl } from "../data.ts";
import { paint } from "../ui/picture.tsx";
import { loadStack } from "../ui/stack.ts";
import type { OpenedModel } from "../worker/protocol.ts";

/** This many of the run's test slices are offered. */
const OFFERED = 4;

/** Takes files that are dropped anywhere on the page, or chosen; offers some of the run's own slices. */
export function DropZone({
  run: { entry, files, info },
  opened: {
    size: [height],
    fileEndings,
  },
  onFile,
  busy,
  compact,
}: {
  readonly run: RunAnswer;
  readonly opened: OpenedModel;
  readonly onFile: (file: Blob, name: string) => void;
  /** What is being done, in words. */
  readonly busy: string | undefined;
  readonly compact: boolean;
}) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const dragOver = (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) onFile(file, file.name);
    };
    addEventListener("dragover", dragOver);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", dragOver);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [onFile]);

  const offered = files.pairs?.slices.slice(0, OFFERED) ?? [];
  const openOwn = async (index: number) => {
    const { slices, width } = await loadStack(fileUrl(entry.id, files.pairs!.originals), height);
    onFile(await greyPng(slices[index]!, height, width), `${offered[index]!.name}.png`);
  };
  return (
    <section class={`drop ${over ? "over" : ""} ${compact ? "compact" : ""}`} aria-label="A scan of yours">
      <label class="button primary">
        Open a scan
        <input
          type="file"
          class="hidden"
          accept={fileEndings.join(",")}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) onFile(file, file.name);
            event.currentTarget.value = "";
          }}
        />
      </label>
      <p>
        {busy ??
          "or drop one on the page: NIfTI (a slice or a volume), PNG or JPEG. It stays on this device."}
      </p>
      {offered.length > 0 && (
        <p class="own">
          Or take a test slice of this run{info.data.adapter === "phantom" ? " (a phantom)" : ""}:{" "}
          {offered.map(({ name }, index) => (
            <button key={name} type="button" class="link" onClick={() => void openOwn(index)}>
              {name}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}

async function greyPng(values: Float32Array, height: number, width: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  paint(canvas, values, { height, width, colouring: "grey" });
  return canvas.convertToBlob({ type: "image/png" });
}
