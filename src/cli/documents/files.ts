/** Files that this program writes, and reads again. */
import type { Configuration, Sample } from '../../live/types.ts';
import type { Snapshot } from '../../snapshot/types.ts';
import type { Entry, Header } from '../../tune/journal.ts';
import type { Saved } from '../../tune/saved.ts';

/** The file that `snapshot` writes. */
export type SnapshotFile = Snapshot;

/** One line of the file that `live --record` writes: first its header, then configurations and samples. */
export type RecordingLine =
  | { readonly schema: 'locality-tune.recording/1'; readonly startedAt: string }
  | { readonly configuration: Configuration }
  | { readonly sample: Omit<Sample, 'configuration'> };

/** One line of a journal in /var/lib/locality-tune/journals: first its header, then what was done. */
export type JournalLine = Header | Entry;

/** The file that `plan --save` and `apply --persist` write. */
export type SavedFile = Saved;
