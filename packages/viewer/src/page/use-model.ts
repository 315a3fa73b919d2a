import { useEffect, useState } from "preact/hooks";
import type { RunAnswer } from "../shared/answers.ts";
import { dataUrl, fileUrl, type Loaded, messageOf } from "./data.ts";
import { type ModelClient, startModelClient } from "./worker/client.ts";
import type { EngineChoice, OpenedModel } from "./worker/protocol.ts";

/** A model that is ready in its worker. */
export interface ReadyModel {
  readonly client: ModelClient;
  readonly opened: OpenedModel;
}

/** The one model that the page holds: views of the same run share it. */
let held:
  | { readonly key: string; readonly client: ModelClient; readonly ready: Promise<ReadyModel> }
  | undefined;

/** The run's model; the tensor backend and the weights are loaded at the first call. */
export function useModel(run: RunAnswer, engine: EngineChoice = "auto"): Loaded<ReadyModel> {
  const key = keyOf(run, engine);
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly of: Loaded<ReadyModel> }>({
    key,
    of: { state: "waiting" },
  });
  useEffect(() => {
    let wanted = true;
    openModelOf(run, engine, key).then(
      (value) => wanted && setLoaded({ key, of: { state: "here", value } }),
      (error: unknown) => wanted && setLoaded({ key, of: { state: "failed", reason: messageOf(error) } }),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return loaded.key === key ? loaded.of : { state: "waiting" };
}

/** A model that is trained further has another time, and is opened again. */
function keyOf({ entry, files, info }: RunAnswer, engine: EngineChoice): string {
  return JSON.stringify([entry.id, engine, files.model, files.prior, info.stages]);
}

function openModelOf(run: RunAnswer, engine: EngineChoice, key: string): Promise<ReadyModel> {
  if (held?.key === key) return held.ready;
  held?.client.close();
  const { id } = run.entry;
  const { model, preprocessing, prior, codes, grain, covariates } = run.files;
  if (model === null || preprocessing === null) {
    return Promise.reject(new Error("The run has no trained model yet."));
  }
  const client = startModelClient();
  const ready = client
    .call("open", {
      engine,
      wasmPath: new URL("wasm/", document.baseURI).href,
      config: run.config,
      urls: {
        model: fileUrl(id, model),
        preprocessing: fileUrl(id, preprocessing),
        prior: prior === null ? null : fileUrl(id, prior),
        codes: codes === null ? null : fileUrl(id, codes),
        grain: grain === null ? null : fileUrl(id, grain),
        covariates: covariates === null ? null : fileUrl(id, covariates),
        frequencies: dataUrl(id, "frequencies.json"),
      },
    })
    .then((opened) => ({ client, opened }));
  held = { key, client, ready };
  ready.catch(() => {
    if (held?.key === key) held = undefined;
    client.close();
  });
  return ready;
}
