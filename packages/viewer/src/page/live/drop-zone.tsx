import { useEffect, useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { fileUrl } from "../data.ts";
import { paint } from "../ui/picture.tsx";
import { loadStack } from "../ui/stack.ts";
import type { OpenedModel } from "../worker/protocol.ts";

/** This many of the run's test slices are offered. */
const OFFERED = 4;

/** A file of the reader's. */
export interface GivenFile {
  readonly content: Blob;
  readonly name: string;
}

/** Takes files that are dropped anywhere on the page; says whether one is held over it. */
export function useDroppedFiles(onFile: (file: GivenFile) => void): boolean {
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
      if (file !== undefined) onFile({ content: file, name: file.name });
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
  return over;
}

/** A button by which a file is chosen. */
export function FileButton({
  text,
  accept,
  onFile,
}: {
  readonly text: string;
  /** How the names of the files end that are offered. */
  readonly accept: readonly string[];
  readonly onFile: (file: GivenFile) => void;
}) {
  return (
    <label class="button primary">
      {text}
      <input
        type="file"
        class="hidden"
        accept={accept.join(",")}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file !== undefined) onFile({ content: file, name: file.name });
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

/** Asks for a scan; offers some of the run's own slices. */
export function DropZone({
  run: { entry, files, info },
  opened: {
    size: [height],
    fileEndings,
  },
  onFile,
  over,
  busy,
  compact,
}: {
  readonly run: RunAnswer;
  readonly opened: OpenedModel;
  readonly onFile: (file: GivenFile) => void;
  /** Whether a file is held over the page. */
  readonly over: boolean;
  /** What is being done, in words. */
  readonly busy: string | undefined;
  readonly compact: boolean;
}) {
  const offered = files.pairs?.slices.slice(0, OFFERED) ?? [];
  const openTestSlice = async (index: number) => {
    const { slices, width } = await loadStack(fileUrl(entry.id, files.pairs!.originals), height);
    onFile({ content: await greyPng(slices[index]!, height, width), name: `${offered[index]!.name}.png` });
  };
  return (
    <section class={`drop ${over ? "over" : ""} ${compact ? "compact" : ""}`} aria-label="Your scan">
      <FileButton text="Open a scan" accept={fileEndings} onFile={onFile} />
      <p>
        {busy ??
          "or drop one on the page: NIfTI (a slice or a volume), PNG or JPEG. It stays on this device."}
      </p>
      {offered.length > 0 && (
        <p class="own">
          Or take a test slice of this run{info.data.adapter === "phantom" ? " (a phantom)" : ""}:{" "}
          {offered.map(({ name }, index) => (
            <button key={name} type="button" class="link" onClick={() => void openTestSlice(index)}>
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
