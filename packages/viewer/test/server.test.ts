import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { decodeSafetensors } from "@slicebook/core/host";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { exportSite, type ServedViewer, serveViewer } from "../src/index.ts";
import type { CodebookLevel, FrequenciesAnswer, RunsAnswer, SamplesAnswer } from "../src/shared/answers.ts";
import { copyRuns, temporaryFolder } from "./runs.ts";

/** Rows and columns of the grids of the run `levels`. */
const GRIDS = [
  [1, 2],
  [2, 4],
  [4, 8],
] as const;

let root: string;
let runs: string;
let viewer: ServedViewer;

beforeAll(async () => {
  root = await temporaryFolder();
  runs = join(root, "runs");
  await copyRuns(inject("madeRuns"), runs, ["levels", "small"]);
  viewer = await serveViewer(runs, { port: 0 });
});
afterAll(async () => {
  await viewer?.close();
  await rm(root, { recursive: true });
});

/** Asks as it stands, without the tidying of addresses that `fetch` does. */
function ask(
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<{ readonly status: number; readonly headers: Record<string, unknown>; readonly body: Buffer }> {
  const { port } = new URL(viewer.url);
  return new Promise((done, failed) => {
    const asked = request({ host: "localhost", port, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", failed);
    asked.end();
  });
}

describe("what the server gives", () => {
  it("lists the runs, and tells of one without saying where its data lie", async () => {
    const answer: RunsAnswer = JSON.parse((await ask("/data/runs.json")).body.toString());
    expect(answer.runs.map(({ id }) => id).sort()).toEqual(["levels", "small"]);
    expect(answer.live).toBe(true);
    const run = JSON.parse((await ask("/data/small/run.json")).body.toString());
    expect(run.evaluation.ssim.mean).toBeGreaterThan(0);
    expect(run.files).toMatchObject({
      model: "checkpoints/best.safetensors",
      codes: "codes/test.safetensors",
    });
    expect(run.configText).not.toContain(dirname(inject("madeRuns")));
  });

  it("counts codes as the evaluation does", async () => {
    const { levels } = JSON.parse((await ask("/data/small/codebook.json")).body.toString());
    const { evaluation } = JSON.parse((await ask("/data/small/run.json")).body.toString());
    const counts: number[] = levels[0].counts;
    expect(counts.filter((count) => count > 0)).toHaveLength(evaluation.codesInUse);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12 * levels[0].rows * levels[0].columns);
    // Each place holds the code as often as is said: the first is where most of it is.
    const places: number[] = levels[0].places[counts.indexOf(Math.max(...counts))];
    expect(places[1]).toBeGreaterThanOrEqual(places[3] ?? 0);
  });

  it("counts the codes of levels with codebooks of their own", async () => {
    const { levels } = JSON.parse((await ask("/data/levels/codebook.json")).body.toString());
    const sizes = levels.map((level: CodebookLevel) => [level.counts.length, level.rows, level.columns]);
    expect(sizes).toEqual([12, 12, 16, 16, 20, 20].map((codes, at) => [codes, ...GRIDS[at >> 1]!]));
    for (const { counts, rows, columns } of levels as CodebookLevel[])
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12 * rows * columns);
  });

  it("counts the codes of the training slices, by which slices are compressed", async () => {
    const { levels }: FrequenciesAnswer = JSON.parse(
      (await ask("/data/levels/frequencies.json")).body.toString(),
    );
    const { tensors } = decodeSafetensors(await readFile(join(runs, "levels", "codes", "train.safetensors")));
    expect(levels.map(({ length }) => length)).toEqual([12, 12, 16, 16, 20, 20]);
    for (const [level, counts] of levels.entries()) {
      const expected = counts.map(() => 0);
      for (const code of tensors[`codes.${level}`]!.data) expected[code]! += 1;
      expect(counts).toEqual(expected);
    }
  });

  it("sends a range of a file, and the whole of it", async () => {
    const file = await readFile(join(runs, "small", "checkpoints", "best.safetensors"));
    const path = "/files/small/checkpoints/best.safetensors";
    const part = await ask(path, { headers: { range: "bytes=8-107" } });
    expect(part.status).toBe(206);
    expect(part.headers["content-range"]).toBe(`bytes 8-107/${file.length}`);
    expect(part.body).toEqual(file.subarray(8, 108));
    expect((await ask(path, { headers: { range: "bytes=-4" } })).body).toEqual(file.subarray(-4));
    expect((await ask(path)).body).toEqual(file);
    expect((await ask(path, { headers: { range: `bytes=${file.length}-` } })).status).toBe(416);
  });

  it("does not send a file again that has not changed", async () => {
    const path = "/files/small/metrics.jsonl";
    const { headers } = await ask(path);
    expect(headers).toMatchObject({
      "cache-control": "no-cache",
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect((await ask(path, { headers: { "if-none-match": String(headers.etag) } })).status).toBe(304);
  });

  it("tells of new rows of metrics as they are written", async () => {
    const controller = new AbortController();
    const response = await fetch(new URL("/events", viewer.url), { signal: controller.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes('"type":"watching"')) text += (await reader.read()).value ?? "";
    const path = join(runs, "small", "metrics.jsonl");
    const [first = ""] = (await readFile(path, "utf8")).split("\n");
    await appendFile(path, `${first}\n`);
    while (!text.includes('"type":"metrics"')) text += (await reader.read()).value ?? "";
    const event = JSON.parse(text.split("data: ").at(-1)!.split("\n")[0]!);
    expect(event).toMatchObject({ type: "metrics", id: "small" });
    expect(event.rows.length).toBeGreaterThan(0);
    controller.abort();
  });
});

describe("what the server refuses", () => {
  it.each([
    ["a path that leads up", "/files/small/../../small.yaml"],
    ["the same, encoded", "/files/small/%2e%2e/%2e%2e/small.yaml"],
    ["a run that leads up", "/files/..%2f/small.yaml"],
    ["an absolute path", "/files/small/%2Fetc%2Fpasswd"],
    ["a hidden file", "/files/small/.lock"],
    ["the names of a run's subjects", "/files/small/subjects.json"],
    ["a path out of the page", "/..%2f..%2fpackage.json"],
    ["a malformed address", "/files/%E0%A4%A"],
  ])("%s", async (_, path) => {
    expect([400, 404]).toContain((await ask(path)).status);
  });

  it("a symbolic link that leads out of the folder, to a file or to a folder", async () => {
    const outside = join(root, "outside");
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, "secret.json"), "{}");
    await symlink(join(outside, "secret.json"), join(runs, "small", "link.json"));
    await symlink(outside, join(runs, "small", "linked"));
    expect((await ask("/files/small/link.json")).status).toBe(404);
    expect((await ask("/files/small/linked/secret.json")).status).toBe(404);
  });

  it("any method but GET", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      expect((await ask("/data/runs.json", { method })).status).toBe(405);
    }
  });

  it("a page of another site whose name points here", async () => {
    expect((await ask("/data/runs.json", { headers: { host: "evil.example:4600" } })).status).toBe(403);
  });

  it("scripts from anywhere else, by its content-security policy", async () => {
    const policy = String((await ask("/")).headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval/);
    expect(policy).not.toMatch(/https?:|\*/);
    const report = String((await ask("/files/small/report.html")).headers["content-security-policy"]);
    expect(report).toContain("sandbox");
  });

  it("a folder that does not exist, and a port that is taken", async () => {
    await expect(serveViewer(join(root, "nowhere"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    const { port } = new URL(viewer.url);
    await expect(serveViewer(runs, { port: Number(port) })).rejects.toMatchObject({ code: "PORT_TAKEN" });
  });
});

describe("a site of static files", () => {
  it("holds the page, what is known of the run and its model, and no training state", async () => {
    const out = join(root, "site");
    const files = await exportSite({ run: join(runs, "small"), out });
    expect(files).toContain("index.html");
    expect(files).toContain("data/small/run.json");
    expect(files).toContain("files/small/checkpoints/best.safetensors");
    const { samples }: SamplesAnswer = JSON.parse(
      await readFile(join(out, "data", "small", "samples.json"), "utf8"),
    );
    expect(samples).toHaveLength(4);
    for (const { picture } of samples) expect(files).toContain(`files/small/${picture}`);
    const answer: RunsAnswer = JSON.parse(await readFile(join(out, "data", "runs.json"), "utf8"));
    expect(answer).toMatchObject({ live: false, runs: [{ id: "small" }] });
    const [whole, exported] = await Promise.all(
      [join(runs, "small"), join(out, "files", "small")].map((folder) =>
        readFile(join(folder, "checkpoints", "best.safetensors")),
      ),
    );
    expect(exported!.length).toBeLessThan(0.5 * whole!.length);
  });

  it("is not written over anything else", async () => {
    await expect(exportSite({ run: join(runs, "small"), out: runs })).rejects.toMatchObject({
      code: "SITE_EXISTS",
    });
  });
});

describe("a link out of a run's folder", () => {
  it.each(["config.yaml", "evaluation.json", "codes", "reconstructions", "run.json"])(
    "is not followed: %s",
    async (name) => {
      const folder = join(root, `linked-${name}`);
      await copyRuns(inject("madeRuns"), folder, ["small", "full"]);
      const outside = join(folder, "outside");
      await rename(join(folder, "small", name), outside);
      await symlink(outside, join(folder, "small", name));
      const other = await serveViewer(folder, { port: 0 });
      try {
        const runs = (await (await fetch(`${other.url}data/runs.json`)).json()) as RunsAnswer;
        expect(runs.runs.map(({ id }) => id)).toEqual(["full"]);
        expect(runs.damaged).toEqual([
          {
            folder: "small",
            reason: expect.stringContaining("is a link that leads out of the run's folder"),
          },
        ]);
        for (const path of ["data/small/run.json", "data/small/codebook.json", "files/small/config.yaml"]) {
          expect((await fetch(`${other.url}${path}`)).status).toBe(404);
        }
      } finally {
        await other.close();
      }
      await expect(
        exportSite({ run: join(folder, "small"), out: join(folder, "site") }),
      ).rejects.toMatchObject({
        code: "RUN_DAMAGED",
      });
    },
  );

  it("is not published with a site, and neither are the folders in a configuration", async () => {
    const folder = join(root, "published");
    await copyRuns(inject("madeRuns"), folder, ["small"]);
    await writeFile(join(folder, "outside.html"), "private");
    await rm(join(folder, "small", "report.html"));
    await symlink(join(folder, "outside.html"), join(folder, "small", "report.html"));
    const config = join(folder, "small", "config.yaml");
    const text = await readFile(config, "utf8");
    await writeFile(
      config,
      text.replace(/^dataset:$/m, "dataset:\n  root: >-\n    /home/me\n  cache: /home/me/cache"),
    );
    const written = await exportSite({ run: join(folder, "small"), out: join(folder, "site") });
    expect(written).not.toContain("files/small/report.html");
    const answer = await readFile(join(folder, "site", "data", "small", "run.json"), "utf8");
    expect(answer).not.toContain("/home/me");
    expect(JSON.parse(answer).config.dataset).toMatchObject({ root: "…", cache: "…", adapter: "phantom" });
  });
});

describe("a damaged run", () => {
  async function served(
    damage: (run: string) => Promise<void>,
  ): Promise<{ folder: string; close: () => Promise<void> }> {
    const folder = await temporaryFolder();
    await copyRuns(inject("madeRuns"), folder, ["levels", "small"]);
    await damage(join(folder, "small"));
    const before = viewer;
    viewer = await serveViewer(folder, { port: 0 });
    return {
      folder,
      async close() {
        await viewer.close();
        viewer = before;
        await rm(folder, { recursive: true });
      },
    };
  }

  it.each([
    ["codes", 300_000_000],
    ["codebooks", [300_000_000]],
    ["grids", [[1e9, 1e9]]],
  ])("that claims model.%s %o is listed as damaged, and nothing is allocated for it", async (key, value) => {
    const { close } = await served(async (run) => {
      const path = join(run, "run.json");
      const record = JSON.parse(await readFile(path, "utf8"));
      record.model[key] = value;
      if (key === "codes") delete record.model.codebooks;
      await writeFile(path, JSON.stringify(record));
    });
    const { runs, damaged }: RunsAnswer = JSON.parse((await ask("/data/runs.json")).body.toString());
    expect(runs.map(({ id }) => id)).toEqual(["levels"]);
    expect(damaged).toEqual([{ folder: "small", reason: expect.stringContaining(`model.${key}`) }]);
    for (const name of ["run.json", "codebook.json"]) {
      const { status, body } = await ask(`/data/small/${name}`);
      expect([status, body.toString()]).toEqual([500, expect.stringContaining(`model.${key}`)]);
    }
    await close();
  });

  it.each<[string, (header: Record<string, { shape: number[]; data_offsets: number[] }>) => void]>([
    [
      "a grid that the file does not hold",
      (header) => void Object.assign(header["codes.0"]!, { shape: [1, 100_000, 100_000] }),
    ],
    [
      "offsets beyond the file",
      (header) => void Object.assign(header["codes.0"]!, { data_offsets: [0, 2 ** 40] }),
    ],
    ["slices without codes", (header) => void Object.assign(header["codes.0"]!, { shape: [2 ** 40, 0, 1] })],
    ["an entry that is nothing", (header) => void Object.assign(header, { "codes.0": null })],
    ["names that are a number", (header) => void Object.assign(header, { __metadata__: { names: "7" } })],
  ])("whose code grids claim %s is told of, and read no further", async (_, edit) => {
    const { close } = await served(async (run) => {
      const path = join(run, "codes", "test.safetensors");
      const bytes = await readFile(path);
      const end = 8 + Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.toString("utf8", 8, end));
      edit(header);
      const text = Buffer.from(JSON.stringify(header));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      await writeFile(path, Buffer.concat([length, text, bytes.subarray(end)]));
    });
    const { status, body } = await ask("/data/small/codebook.json");
    expect([status, body.toString()]).toEqual([
      500,
      expect.stringContaining("codes/test.safetensors cannot be read"),
    ]);
    expect((await ask("/data/levels/codebook.json")).status).toBe(200);
    await close();
  });

  it("that is the one shown is told of in the list", async () => {
    const { folder, close } = await served((run) => writeFile(join(run, "run.json"), "{"));
    const whole = viewer;
    viewer = await serveViewer(join(folder, "small"), { port: 0 });
    const { runs, damaged }: RunsAnswer = JSON.parse((await ask("/data/runs.json")).body.toString());
    expect([runs, damaged]).toEqual([[], [{ folder: "small", reason: expect.stringContaining("run.json") }]]);
    await viewer.close();
    viewer = whole;
    await close();
  });
});
