import type { ResolvedConfig } from "@slicebook/config";
import type { Need } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import type { Session } from "@slicebook/session";

interface ResumableOptions {
  /** The hash of what {@link StageDefinition.inputs} gives. */
  readonly inputs: string;
  readonly resume: boolean;
}

interface Shared {
  readonly name: Stage;
  /** The sections of a run's configuration that may be changed for it. */
  readonly sections: readonly (keyof ResolvedConfig)[];
  /** What must be there before it runs. */
  readonly needs: readonly Need[];
  /** All that decides its result, as plain JSON. */
  inputs(session: Session): Promise<unknown>;
  /** The files without which it has to run again. */
  outputs(session: Session): readonly string[];
  /** Throws, before anything of a new run is written, what would otherwise stop it here. */
  prepare?(session: Session): Promise<void>;
  /** Throws, before a run's configuration is changed for this stage, what it asks for in vain. */
  check?(session: Session): Promise<unknown>;
}

/** One stage of a run, the only one that writes its files. */
export type StageDefinition = Shared &
  (
    | { readonly resumable: false; run(session: Session): Promise<void> }
    | {
        /** It continues from a checkpoint, and returns its seconds, those before an interruption included. */
        readonly resumable: true;
        run(session: Session, options: ResumableOptions): Promise<number>;
      }
  );
