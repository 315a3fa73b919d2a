import { z } from "zod";
import { isRecord } from "../is-record.ts";
import type { Evaluation } from "./types.ts";

/** What whoever reads an evaluation needs to be sure of. */
export const evaluationSchema = z.custom<Evaluation>(
  (value) => isRecord(value) && value.schema === 1 && isRecord(value.bitsPerPixel) && isRecord(value.ssim),
  { error: "expected an evaluation of schema 1" },
);
