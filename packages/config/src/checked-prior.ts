import { SlicebookError, sizeOf } from "@slicebook/base";
import {
  type BoundPrior,
  CONDITIONS,
  type CodeSpace,
  type Prior,
  type PriorPart,
  type SampleOptions,
} from "@slicebook/core";
import { z } from "zod";

const functionSchema = z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", {
  error: "expected a function",
});

const priorShape = z.object({
  name: z.string().min(1),
  schema: z.custom<z.ZodType>(hasSafeParse, { error: "expected a zod schema" }),
  bind: functionSchema,
});

const partShape = z.object({
  levels: z.array(z.int().min(0)).min(1),
  initialCarry: functionSchema,
  trainStep: functionSchema,
  stepNoise: functionSchema,
  score: functionSchema,
});

const boundShape = z.object({
  space: z.object({ levels: z.array(z.unknown()) }),
  conditions: z.array(z.enum(CONDITIONS)),
  switches: z.partialRecord(z.enum(CONDITIONS), z.string()).optional(),
  guidable: z.boolean().optional(),
  knownFirst: z.boolean().optional(),
  parts: z.array(partShape).min(1),
  parameters: functionSchema,
  sample: functionSchema,
});

const shapeSchema = z.array(z.int().min(0));

const hostTensors = z.record(
  z.string(),
  z
    .object({ shape: shapeSchema, dtype: z.enum(["float32", "int32"]), data: z.unknown() })
    .refine(({ dtype, data }) => data instanceof (dtype === "float32" ? Float32Array : Int32Array), {
      path: ["data"],
      error: "expected a Float32Array for float32, an Int32Array for int32",
    })
    .refine(({ shape, data }) => !ArrayBuffer.isView(data) || lengthOf(data) === sizeOf(shape), {
      path: ["data"],
      error: ({ input }) => {
        const { shape, data } = input as { shape: number[]; data: Float32Array };
        return `has ${data.length} numbers for the shape [${shape.join(", ")}]`;
      },
    }),
);

/** A tensor of tfjs, as far as it must be known here. */
const tensorShape = z.object({ shape: shapeSchema, dtype: z.string() });
const tensorRecord = z.record(z.string(), tensorShape);
const stepShape = z.tuple([tensorRecord, tensorRecord]);
const scoreShape = z.object({ logLikelihood: z.array(tensorShape), correct: z.array(tensorShape) });

/** Checks what a plug-in returns, and names it. */
interface Checker {
  /** The value itself, which may hold more than the schema knows. */
  value<T>(what: string, value: T, schema: z.ZodType): T;
  fault(why: string): SlicebookError;
}

/**
 * The prior that a module called `source` gives, with everything that it returns checked.
 *
 * Throws `PRIOR_INVALID`, at once or from its functions, saying what is not as `Prior` has it.
 */
export function checkedPrior(exported: unknown, source: string): Prior {
  const checker = checkerOf(source);
  if (exported === undefined) throw checker.fault("it has no default export and none called prior");
  checker.value("it is not a prior", exported, priorShape);
  const prior = exported as Prior; // what the schema cannot say: the functions' own types
  return {
    name: prior.name,
    schema: prior.schema,
    ...(prior.initialOptions && { initialOptions: prior.initialOptions }),
    bind: (config, space) => checkedBound(prior.bind(config, space), space, checker),
  };
}

function checkedBound(bound: BoundPrior, space: CodeSpace, checker: Checker): BoundPrior {
  checker.value("what bind returns", bound, boundShape);
  const levels = bound.parts.flatMap((part) => part.levels);
  const all = space.levels.map((_, level) => level);
  if (levels.join() !== all.join()) {
    throw checker.fault(
      `its parts model the levels ${levels.join(", ")}, where all must be modelled in order: ${all.join(", ")}`,
    );
  }
  return {
    space,
    conditions: bound.conditions,
    ...(bound.switches && { switches: bound.switches }),
    ...(bound.guidable && { guidable: true }),
    ...(bound.knownFirst && { knownFirst: true }),
    parts: bound.parts.map((part) => checkedPart(part, checker)),
    parameters: (carry, options) =>
      checker.value("what parameters returns", bound.parameters(carry, options), hostTensors),
    async sample(engine, params, options) {
      const drawn = await bound.sample(engine, params, options);
      checkSamples(drawn, { space, options, checker });
      return drawn;
    },
  };
}

function checkedPart(part: PriorPart, checker: Checker): PriorPart {
  const { levels } = part;
  return {
    levels,
    initialCarry: (seed, options) =>
      checker.value("what initialCarry returns", part.initialCarry(seed, options), hostTensors),
    trainStep(carry, inputs) {
      const result = part.trainStep(carry, inputs);
      const [, metrics] = checker.value("what trainStep returns, [carry, metrics]", result, stepShape);
      if (metrics.loss === undefined) throw checker.fault("trainStep has no loss among its metrics");
      for (const [name, { shape }] of Object.entries(metrics)) {
        if (sizeOf(shape) === 1) continue;
        throw checker.fault(
          `trainStep gives the metric "${name}" as [${shape.join(", ")}], not as one number`,
        );
      }
      return result;
    },
    stepNoise: (options) => checker.value("what stepNoise returns", part.stepNoise(options), hostTensors),
    score(params, codes, conditions, known) {
      const scores = part.score(params, codes, conditions, known);
      checker.value("what score returns", scores, scoreShape);
      for (const name of ["logLikelihood", "correct"] as const) {
        const wanted = levels.map((level) => `[${codes[level]!.shape.join(", ")}]`).join(" and ");
        const given = scores[name].map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
        if (given !== wanted) {
          throw checker.fault(`score gives ${name} as ${given || "nothing"}, where ${wanted} is expected`);
        }
        const dtype = name === "correct" ? "int32" : "float32";
        const other = scores[name].find((tensor) => tensor.dtype !== dtype);
        if (other !== undefined) throw checker.fault(`score gives ${name} as ${other.dtype}, not ${dtype}`);
      }
      return scores;
    },
  };
}

function checkSamples(
  drawn: readonly Int32Array[],
  {
    space,
    options: { count, given, drawn: before = [], levels: wanted = space.levels.length },
    checker,
  }: { readonly space: CodeSpace; readonly options: SampleOptions; readonly checker: Checker },
): void {
  if (!Array.isArray(drawn) || drawn.length !== wanted) {
    const actual = Array.isArray(drawn) ? `${drawn.length} grids` : String(drawn);
    throw checker.fault(
      `sample gives ${actual}, where one Int32Array for each of ${wanted} levels is expected`,
    );
  }
  for (const [level, grids] of drawn.entries()) {
    const { codes, rows, columns } = space.levels[level]!;
    const area = rows * columns;
    if (!(grids instanceof Int32Array) || grids.length !== count * area) {
      const actual = grids instanceof Int32Array ? `${grids.length} codes` : typeof grids;
      throw checker.fault(
        `sample gives ${actual} for level ${level}, where an Int32Array of ${count} × ${rows} × ${columns} codes ` +
          "is expected",
      );
    }
    const known = given?.[level];
    for (const [at, code] of grids.entries()) {
      const positionName = () =>
        `sample ${Math.floor(at / area)}, level ${level}, row ${Math.floor((at % area) / columns)}, column ${at % columns}`;
      if (code < 0 || code >= codes) {
        throw checker.fault(`${positionName()}: the code ${code} is not one of 0 to ${codes - 1}`);
      }
      if (known !== undefined && known.known[at % area] !== 0 && known.codes[at % area] !== code) {
        throw checker.fault(
          `it cannot complete slices, since its sample does not keep the codes that are given: ${positionName()} is ` +
            `${code}, where ${known.codes[at % area]} is given`,
        );
      }
      if (before[level] !== undefined && before[level]![at] !== code) {
        throw checker.fault(`its sample does not keep the levels that are drawn already: ${positionName()}`);
      }
    }
  }
}

function checkerOf(source: string): Checker {
  const fault = (why: string) =>
    new SlicebookError("PRIOR_INVALID", `the prior "${source}": ${why}`, {
      remedy: "Correct the prior: Prior, BoundPrior and PriorPart of @slicebook/core say what it must do.",
    });
  return {
    fault,
    value(what, value, schema) {
      const result = schema.safeParse(value);
      if (result.success) return value;
      const [first, ...more] = result.error.issues;
      const prefix = first!.path.length === 0 ? "" : `${first!.path.join(".")}: `;
      const rest = more.length === 0 ? "" : ` (and ${more.length} more)`;
      throw fault(`${what}: ${prefix}${first!.message}${rest}`);
    },
  };
}

function lengthOf(data: ArrayBufferView): number {
  return "length" in data ? Number(data.length) : -1;
}

function hasSafeParse(value: unknown): boolean {
  return typeof value === "object" && value !== null && "safeParse" in value;
}
