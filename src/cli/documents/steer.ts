/** What attaching and detaching print with --json. */
import type { BeforeAndAfter } from '../../measure/locality-counter.ts';
import type { Attached, Detached } from '../../steer/attach.ts';
import type { DropIn } from '../../tune/drop-in.ts';

/** `attach`; several groups with --all-groups. */
export type AttachDocument =
  | ({ readonly schema: 'locality-tune.attach/1' } & AttachResult)
  | { readonly schema: 'locality-tune.attach/1'; readonly groups: readonly AttachResult[] };

export interface AttachResult extends Attached {
  /** With --measure; null: nothing was measured. */
  readonly measured?: BeforeAndAfter | null;
  /** With --persist. */
  readonly dropIn?: DropIn;
}

/** `detach`; several groups with --all-groups. */
export type DetachDocument =
  | ({ readonly schema: 'locality-tune.detach/1' } & Detached)
  | { readonly schema: 'locality-tune.detach/1'; readonly groups: readonly Detached[] };
