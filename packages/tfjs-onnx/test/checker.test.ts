import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine, exp, type NamedTensorMap, reshape, type Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { cases } from "./cases.ts";
import { examples } from "./functions.ts";
import { numbers, traceFor } from "./run.ts";

const check = `
import sys, onnx
for path in sys.argv[1:]:
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as error:
        print(path, error)
`;

const pythons = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((python) => python !== undefined);
const python = pythons.find((python) => spawnSync(python, ["-c", "import onnx"]).status === 0);

// ONNX Runtime loads every model in the other tests; this asks the format's own checker, where there is one.
describe.runIf(python !== undefined)("passes ONNX's checker (skipped where Python lacks onnx):", () => {
  it("every kernel and every example", () => {
    const folder = mkdtempSync(join(tmpdir(), "tfjs-onnx-"));
    try {
      const models = [
        ...Object.values(examples).map(({ fn, args }) => traceFor(fn, args)),
        ...Object.values(examples).map(({ fn, args }) => traceFor(fn, args, { float16: true })),
        traceFor((x: Tensor) => reshape(exp(x), [-1]), [numbers([2, 3])], {
          symbolicBatch: {},
          float16: true,
        }),
        ...Object.entries(cases).flatMap(([kernel, list]) =>
          list.map(({ inputs, attrs = {} }) =>
            traceFor(
              (given: NamedTensorMap) => engine().runKernel<Tensor | Tensor[]>(kernel, given, attrs as never),
              [inputs],
            ),
          ),
        ),
      ].filter(({ outputs }) => outputs.length > 0);
      const paths = models.map(({ model }, index) => {
        const path = join(folder, `${index}.onnx`);
        writeFileSync(path, model);
        return path;
      });
      expect(paths.length).toBeGreaterThan(300);
      expect(spawnSync(python!, ["-c", check, ...paths], { encoding: "utf8" })).toMatchObject({
        stdout: "",
        status: 0,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
