/**
 * Every document that a command prints with --json, and every line that one prints. printDocument takes nothing else, so
 * the JSON Schemas that `npm run schemas` makes of these types are true. Names are only ever added: see CONTRIBUTING.md.
 */
import type { BalanceDocument } from './documents/balance.ts';
import type {
  DemoDocument,
  DoctorDocument,
  ExplainDocument,
  FindingsDocument,
  FleetDocument,
  InspectDocument,
  LiveDocument,
} from './documents/look.ts';
import type { AcceptDocument, SkbDocument, UdpDocument } from './documents/measure.ts';
import type {
  AsmDocument,
  CheckDocument,
  DisasmDocument,
  ProgramsDocument,
  SimDocument,
} from './documents/programs.ts';
import type { AttachDocument, DetachDocument } from './documents/steer.ts';
import type {
  ApplyDocument,
  PlanDocument,
  ProveDocument,
  StatusDocument,
  TuneDocument,
  UndoDocument,
} from './documents/tune.ts';
import type { ExportDocument, WatchDocument } from './documents/watch.ts';
import type { XdpDocument } from './documents/xdp.ts';

/** Instead of any other document, if a command fails. */
export interface ErrorDocument {
  /** `locality-tune.COMMAND/1`, or `locality-tune.error/1` if no command was recognised. */
  readonly schema: string;
  readonly error: {
    /** `EPERM` and the like for system calls, otherwise as docs/troubleshooting.md lists them. */
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  };
}

export type AnyDocument =
  | ErrorDocument
  | InspectDocument
  | LiveDocument
  | ExplainDocument
  | FindingsDocument
  | AttachDocument
  | DetachDocument
  | SkbDocument
  | AcceptDocument
  | UdpDocument
  | PlanDocument
  | ApplyDocument
  | TuneDocument
  | ProveDocument
  | UndoDocument
  | StatusDocument
  | WatchDocument
  | AsmDocument
  | DisasmDocument
  | CheckDocument
  | SimDocument
  | ProgramsDocument
  | DemoDocument
  | DoctorDocument
  | ExportDocument
  | FleetDocument
  | XdpDocument
  | BalanceDocument;
