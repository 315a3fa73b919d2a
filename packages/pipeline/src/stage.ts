import type { Stage } from "./api.ts";
import type { Session } from "./session.ts";

interface StageRunOptions {
  /** The hash of {@link StageDefinition.inputs}. */
  readonly inputs: string;
  readonly resume: boolean;
}

/** One stage of a run. */
export interface StageDefinition {
  readonly name: Stage;
  /** All that decides its result, as plain JSON; throws `STAGE_MISSING` if a stage before it has not run. */
  inputs(session: Session): Promise<unknown>;
  /** The files without which it has to run again. */
  outputs(session: Session): readonly string[];
  /**
   * What it returns are the seconds that it took with those before an interruption; else they are measured.
   */
  run(session: Session, options: StageRunOptions): Promise<number | undefined>;
}
