/** What commands that change settings, or try a change, print with --json. */
import type { Expected } from '../../path/types.ts';
import type { Applied } from '../../tune/apply.ts';
import type { Author } from '../../tune/author.ts';
import type { JournalPlace } from '../../tune/journal-list.ts';
import type { Standing, StatusVerdict } from '../../tune/status.ts';
import type { Change, Kind, Plan, Refused } from '../../tune/types.ts';
import type { Undone } from '../../tune/undo.ts';
import type { Proved } from '../../use-cases/prove.ts';
import type { WatcherState } from '../../watch/service.ts';

/** Of the machine as it is, and with the plan. */
interface Outlook {
  readonly before: readonly Expected[];
  readonly after: readonly Expected[];
}

/** `plan` */
export interface PlanDocument extends Plan {
  readonly schema: 'locality-tune.plan/1';
  readonly expected: Outlook;
  /** With --save. */
  readonly saved?: string;
}

/** `apply`; with --dry-run the plan. */
export type ApplyDocument = ApplyDoneDocument | ApplyDryRunDocument;

interface ApplyDoneDocument extends Applied {
  readonly schema: 'locality-tune.apply/1';
  readonly changed: boolean;
  readonly refused: readonly Refused[];
}

interface ApplyDryRunDocument extends Plan {
  readonly schema: 'locality-tune.apply/1';
  readonly dryRun: true;
  readonly changed: false;
  readonly journal: null;
  readonly done: readonly never[];
  readonly failed: readonly never[];
}

/** What `tune` measured. */
export interface TuneFigures {
  /** Percent. */
  readonly rx: number | null;
  readonly tx: number | null;
  readonly accept: number | null;
  readonly events: { readonly rx: number; readonly tx: number | null; readonly accept: number | null };
  readonly txShare: number | null;
  readonly pps: { readonly rx: number | null; readonly tx: number | null } | null;
  readonly seconds: number;
}

/** `tune` */
export interface TuneDocument {
  readonly schema: 'locality-tune.tune/1';
  /** `cost`: with --prove. */
  readonly judged: 'locality' | 'cost';
  readonly before: TuneFigures | null;
  readonly plan: Plan;
  readonly expected?: Outlook;
  readonly after: TuneFigures | null;
  /** null: nothing was to be decided. */
  readonly kept: boolean | null;
  readonly why: string;
  readonly journal: string | null;
  readonly failed: Applied['failed'];
  readonly takenBack: Applied['takenBack'];
  readonly undone: Undone | null;
  readonly proved?: Proved;
}

/** `prove` */
export interface ProveDocument extends Proved {
  readonly schema: 'locality-tune.prove/1';
  /** With --keep: whether the change was kept, and why; else null. */
  readonly kept: boolean | null;
  readonly keptWhy: string | null;
  readonly journal: string | null;
}

/** What `undo --dry-run` would restore. */
interface RehearsedJournal extends Undone {
  readonly id: string;
  readonly time: string;
  readonly changes: readonly Change[];
  readonly units: readonly string[];
}

/** `undo`; several journals with --all or --dry-run. */
export type UndoDocument =
  | ({ readonly schema: 'locality-tune.undo/1' } & Undone)
  | {
      readonly schema: 'locality-tune.undo/1';
      readonly journal: null;
      readonly restored: readonly never[];
      readonly skipped: readonly never[];
    }
  | { readonly schema: 'locality-tune.undo/1'; readonly journals: readonly Undone[] }
  | {
      readonly schema: 'locality-tune.undo/1';
      readonly dryRun: true;
      readonly journals: readonly RehearsedJournal[];
    };

export interface StatusJournal {
  readonly id: string;
  readonly time: string;
  readonly by: Author | null;
  readonly place: JournalPlace;
  readonly netns: number;
  readonly ended: boolean;
  readonly changes: readonly {
    readonly kind: Kind;
    readonly subject: string;
    readonly from: string | null;
    readonly to: string;
  }[];
  readonly units: readonly string[];
}

/** `status` */
export interface StatusDocument extends Standing {
  readonly schema: 'locality-tune.status/1';
  readonly verdict: StatusVerdict;
  readonly journals: readonly StatusJournal[];
  readonly notes: readonly string[];
  readonly dropIns: readonly string[];
  readonly watchers: readonly WatcherState[];
}
