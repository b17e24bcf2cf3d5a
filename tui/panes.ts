/** The panes, in the order of their keys. */
import type { Pane } from './pane.ts';
import { events } from './panes/events.tsx';
import { findings } from './panes/findings.tsx';
import { groups } from './panes/groups.tsx';
import { matrix } from './panes/matrix.tsx';
import { overview } from './panes/overview.tsx';
import { paths } from './panes/paths.tsx';
import { queues } from './panes/queues.tsx';

export const PANES: readonly Pane[] = [overview, matrix, queues, groups, paths, findings, events];
