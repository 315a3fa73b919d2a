import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { blamedOnPlugin } from "@slicebook/base/node";
import { z } from "zod";
import { unreadable } from "../formats/node/decode-file.ts";
import { isOutOfMemory } from "../out-of-memory.ts";
import { type DatasetAdapter, type SliceImage, type SliceRecord, SPLITS } from "../types.ts";

const functionSchema = z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", {
  error: "expected a function",
});

const adapterShape = z.object({
  name: z.string().min(1),
  description: z.string(),
  schema: z.custom<z.ZodType>(hasSafeParse, { error: "expected a zod schema" }),
  defaultSize: functionSchema,
  list: functionSchema,
  decode: functionSchema.optional(),
  decodeMask: functionSchema.optional(),
  covariates: functionSchema.optional(),
  maskLabels: functionSchema.optional(),
});

const sizeShape = z.tuple([z.int().min(1), z.int().min(1)]);

const recordShape = z.object({
  path: z.string().min(1),
  split: z.enum(SPLITS as readonly ["train", "validate", "test"]),
  subject: z.string(),
  slice: z.number(),
  name: z.string().min(1),
  label: z.string().optional(),
  mask: z.string().optional(),
  volume: z.object({ plane: z.literal([0, 1, 2]), slice: z.int().min(0) }).optional(),
});

const listingShape = z.object({
  records: z.array(recordShape),
  ignored: z.array(z.string()),
  places: z.object({ train: z.string(), validate: z.string(), test: z.string() }),
  classes: z.array(z.string()).optional(),
});

const samplesShape = z.custom<SliceImage["values"]>(
  (value) =>
    [Uint8Array, Int16Array, Uint16Array, Float32Array, Float64Array].some((type) => value instanceof type),
  { error: "expected a Uint8Array, Int16Array, Uint16Array, Float32Array or Float64Array" },
);

const imageShape = z
  .object({
    height: z.int().min(1),
    width: z.int().min(1),
    values: samplesShape,
    type: z.enum([
      ...(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const),
      ...(["float32", "float64", "rgb24", "rgba32"] as const),
    ]),
    affine: z.array(z.array(z.number())).optional(),
  })
  .refine(({ height, width, values }) => values.length === height * width, {
    path: ["values"],
    error: ({ input }) => {
      const { height, width, values } = input as SliceImage;
      return `has ${values.length} numbers for ${height} rows of ${width}, which are ${height * width}`;
    },
  });

const valuesShape = z.record(z.string(), z.union([z.number(), z.string()]));

const labelsShape = z.array(z.object({ value: z.number(), name: z.string() }));

/**
 * The adapter that a module called `source` gives, with everything that it returns checked.
 *
 * Throws `ADAPTER_INVALID`, at once or from its functions, saying what is not as `DatasetAdapter` has it.
 */
export function checkedAdapter(value: unknown, source: string): DatasetAdapter {
  if (value === undefined) {
    throw invalid(source, "it has no default export and none called adapter");
  }
  check(value, adapterShape, { source, what: "it is not an adapter" });
  const adapter = value as DatasetAdapter; // what the schema cannot say: the functions' own types
  const { name, description, schema, decode, decodeMask, covariates, maskLabels } = adapter;
  const image = async (record: SliceRecord, what: string, decoding: () => Promise<SliceImage>) =>
    check(await decoding().catch(blame(record)), imageShape, { source, what: `${what} of ${record.path}` });
  return {
    name,
    description,
    schema,
    defaultSize: (options) =>
      check(adapter.defaultSize(options), sizeShape, { source, what: "defaultSize, [height, width]" }),
    list: async (context) =>
      check(await adapter.list(context), listingShape, { source, what: "what list returns" }),
    ...(decode && {
      decode: (record, context) =>
        image(record, "what decode returns", async () => decode.call(adapter, record, context)),
    }),
    ...(decodeMask && {
      decodeMask: (record, context) =>
        image(record, "what decodeMask returns", async () => decodeMask.call(adapter, record, context)),
    }),
    ...(covariates && {
      covariates: (record, context) =>
        check(covariates.call(adapter, record, context), valuesShape, {
          source,
          what: `what covariates returns of ${record.path}`,
        }),
    }),
    ...(maskLabels && {
      maskLabels: (options) =>
        check(maskLabels.call(adapter, options), labelsShape, { source, what: "what maskLabels returns" }),
    }),
  };
}

/** A file that cannot be decoded, with the place in the plug-in that says so. */
function blame({ path }: SliceRecord): (error: unknown) => never {
  return (error) => {
    if (isSlicebookError(error) || isOutOfMemory(error)) throw error;
    const blamed = blamedOnPlugin(error);
    throw unreadable(path, isSlicebookError(blamed) ? new Error(blamed.message, { cause: error }) : error);
  };
}

/** The value itself, which may hold more than the schema knows. */
function check<T>(
  value: T,
  schema: z.ZodType,
  { source, what }: { readonly source: string; readonly what: string },
): T {
  const result = schema.safeParse(value);
  if (result.success) return value;
  const [first, ...more] = result.error.issues;
  const path = first!.path.length === 0 ? "" : `${first!.path.join(".")}: `;
  const rest = more.length === 0 ? "" : ` (and ${more.length} more)`;
  throw invalid(source, `${what}: ${path}${first!.message}${rest}`);
}

function invalid(source: string, why: string): SlicebookError {
  return new SlicebookError("ADAPTER_INVALID", `the data set adapter "${source}": ${why}`, {
    remedy:
      "Correct the adapter: docs/extending.md shows a whole one, DatasetAdapter of @slicebook/datasets is its type.",
  });
}

function hasSafeParse(value: unknown): boolean {
  return typeof value === "object" && value !== null && "safeParse" in value;
}
