import type { MetricsRow } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";

/** What happens meanwhile; plain JSON, posted from the worker. */
export type Event =
  | {
      readonly type: "stage";
      readonly stage: Stage;
      readonly state: "start" | "skip" | "done";
      readonly seconds?: number;
      /** Why a stage is skipped. */
      readonly reason?: string;
    }
  | {
      readonly type: "progress";
      readonly stage: Stage | "read" | "reconstruct" | "compress" | "decompress" | "phantom";
      /** Of what is trained part by part, the number of the part. */
      readonly part?: number;
      readonly step: number;
      /** Unknown when only minutes limit the stage. */
      readonly totalSteps?: number;
      /** The current epoch, from 1; 0 for what has no epochs. */
      readonly epoch: number;
      readonly totalEpochs?: number;
      /** Done so far, 0 to 1. */
      readonly fraction: number;
      /** Units a second. */
      readonly rate?: number;
      readonly unit: "images" | "grids" | "slices" | "codes";
      /** Seconds left. */
      readonly eta?: number;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly type: "epoch"; readonly stage: Stage; readonly row: MetricsRow }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "file"; readonly path: string; readonly what: string };

/** How to follow and to stop what is asked for. */
export interface ExecuteOptions {
  readonly onEvent?: (event: Event) => void;
  /** Aborting it saves what there is, then rejects with the `SlicebookError` `INTERRUPTED`. */
  readonly signal?: AbortSignal;
}
