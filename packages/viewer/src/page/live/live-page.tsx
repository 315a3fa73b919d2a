import { useCallback, useState } from "preact/hooks";
import type { RunAnswer } from "../../shared/answers.ts";
import { Choice } from "../ui/controls.tsx";
import { Notice, Waiting } from "../ui/notice.tsx";
import { useModel } from "../use-model.ts";
import type { EngineChoice } from "../worker/protocol.ts";
import { type GivenFile, useDroppedFiles } from "./drop-zone.tsx";
import { EngineLine } from "./engine-line.tsx";
import { RestoreBench } from "./restore-bench.tsx";
import { SamplingBench } from "./sampling-bench.tsx";
import { ScanBench } from "./scan-bench.tsx";

export function LivePage({ run }: { readonly run: RunAnswer }) {
  const [engine, setEngine] = useState<EngineChoice>("auto");
  const [bench, setBench] = useState<"scan" | "sampling" | "restore">("scan");
  const [scan, setScan] = useState<GivenFile>();
  const [compressed, setCompressed] = useState<GivenFile>();
  const open = useCallback((file: GivenFile) => {
    const isCompressed = /\.slbk$/i.test(file.name);
    setBench(isCompressed ? "restore" : "scan");
    if (isCompressed) setCompressed(file);
    else setScan(file);
  }, []);
  const over = useDroppedFiles(open);
  const model = useModel(run, engine);
  if (run.files.model === null)
    return <p class="empty">The model comes with the first checkpoint of the training.</p>;
  return (
    <>
      <div class="tools live">
        <Choice
          label="What to do"
          options={[
            { value: "scan", text: "Look at a scan" },
            { value: "sampling", text: "Draw new slices" },
            { value: "restore", text: "Restore compressed slices" },
          ]}
          value={bench}
          onChange={setBench}
        />
        <Choice
          label="Compute with"
          options={[
            { value: "auto", text: "Best" },
            { value: "webgpu", text: "WebGPU" },
            { value: "wasm", text: "WebAssembly" },
          ]}
          value={engine}
          onChange={setEngine}
        />
      </div>
      {model.state === "waiting" && <Waiting what="the model" />}
      {model.state === "failed" && (
        <Notice kind="error" title="The model cannot be opened" text={model.reason} />
      )}
      {model.state === "here" && (
        <>
          <EngineLine opened={model.value.opened} />
          <div hidden={bench !== "scan"}>
            <ScanBench run={run} model={model.value} file={scan} onFile={open} over={over} />
          </div>
          <div hidden={bench !== "sampling"}>
            <SamplingBench run={run} model={model.value} />
          </div>
          <div hidden={bench !== "restore"}>
            <RestoreBench
              run={run.entry.id}
              model={model.value}
              file={compressed}
              onFile={setCompressed}
              over={over}
            />
          </div>
        </>
      )}
    </>
  );
}
