/// <reference lib="dom" />

/** What the page is to do; JSON. */
export interface PageTask {
  /** The page's own worker, which holds the model. */
  readonly worker: string;
  /** The argument of its call `open`. */
  readonly open: unknown;
  /** A NIfTI slice of the model's size, in base64. */
  readonly slice: string;
  readonly slices: number;
  /** New slices to draw; 0: none. */
  readonly samples: number;
}

/** Times in milliseconds. */
export interface MeasuredInPage {
  readonly description: string;
  readonly first: number;
  readonly slices: number[];
  readonly sampling: number | null;
}

/** Runs in the viewer's page, where nothing outside the function is known. */
export async function measureInPage(task: PageTask): Promise<MeasuredInPage> {
  const worker = new Worker(task.worker, { type: "module" });
  const ask = <Answer>(name: string, argument: unknown) =>
    new Promise<Answer>((done, failed) => {
      worker.onmessage = ({ data }) => {
        if ("answer" in data) done(data.answer);
        else if ("error" in data) failed(new Error(data.error));
      };
      worker.onerror = ({ message }) => failed(new Error(message));
      worker.postMessage({ call: 1, name, argument });
    });
  const encode = () => ask("slice", { plane: 2, index: 0, fit: "training" });
  const file = new Blob([Uint8Array.from(atob(task.slice), (letter) => letter.charCodeAt(0))]);

  const start = performance.now();
  const { engine } = await ask<{ engine: { description: string } }>("open", task.open);
  await ask("scan", { file, name: "slice.nii" });
  await encode();
  const first = performance.now() - start;

  const slices: number[] = [];
  for (let slice = 0; slice < task.slices; slice++) {
    const begun = performance.now();
    await encode();
    slices.push(performance.now() - begun);
  }

  const choices = { temperature: 1, topP: null, label: null, position: null, given: null };
  const draw = () => ask<{ seconds: number }>("sample", { seed: 0, count: task.samples, ...choices });
  const sampling = task.samples === 0 ? null : (await draw()).seconds * 1000;
  worker.terminate();
  return { description: engine.description, first, slices, sampling };
}
