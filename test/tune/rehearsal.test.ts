/** `undo --dry-run`: the list is that of the undo that follows, whatever has happened since. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyPlan } from '../../src/tune/apply.ts';
import { rehearse } from '../../src/tune/hand.ts';
import { listJournals } from '../../src/tune/journal-file.ts';
import type { Access } from '../../src/tune/settings/setting.ts';
import type { Change } from '../../src/tune/types.ts';
import { type Undone, undoOne } from '../../src/tune/undo.ts';
import { nic } from '../fixtures/hosts.ts';
import { change } from './lab.ts';
import { openTree, putNic, type Tree } from './tree.ts';

const QUEUES = 3;
const queue = fc.nat(QUEUES - 1);
const mask = fc.constantFrom('1', '2', '4');
const aChange: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(queue, mask).map(([at, to]) => change({ kind: 'xps', nic: 'eth0', queue: at, by: 'cpus' }, to)),
  fc
    .tuple(queue, fc.constantFrom('0', '1', '2'))
    .map(([at, to]) =>
      change(
        { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [at], irq: 50 + at, name: `eth0-TxRx-${at}` },
        to,
      ),
    ),
);
const xpsFile = (at: number) => `/sys/class/net/eth0/queues/tx-${at}/xps_cpus`;

type Event = (tree: Tree) => void;
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.tuple(queue, fc.constantFrom('0', '1', '00', '8')).map(([at, value]) => (tree: Tree) => {
    tree.put(xpsFile(at), `${value}\n`);
  }),
  fc.tuple(queue, fc.constantFrom('0-7', '0', '5')).map(([at, value]) => (tree: Tree) => {
    tree.put(`/proc/irq/${50 + at}/smp_affinity_list`, `${value}\n`);
  }),
  queue.map(
    (at) => (tree: Tree) =>
      rmSync(join(tree.root, `sys/class/net/eth0/queues/tx-${at}`), { recursive: true, force: true }),
  ),
  queue.map(
    (at) => (tree: Tree) => rmSync(join(tree.root, `proc/irq/${50 + at}`), { recursive: true, force: true }),
  ),
  fc.constant((tree: Tree) => tree.put('/sys/class/net/eth0/ifindex', '9\n')),
  fc.constant((tree: Tree) => tree.put('/sys/class/net/eth0/address', '02:00:00:00:00:09\n')),
);

async function apply(tree: Tree, access: Access, changes: readonly Change[]): Promise<void> {
  await applyPlan(
    access,
    { changes, refused: [], notes: [] },
    {
      state: tree.state,
      netns: { inode: 1, cookie: '1' },
      by: { user: null, command: '', version: '' },
      signal: new AbortController().signal,
    },
  );
}

/** Everything that is in the tree, apart from the journals. */
const contents = (tree: Tree) =>
  Array.from({ length: QUEUES }, (_, at) => [xpsFile(at), `/proc/irq/${50 + at}/smp_affinity_list`])
    .flat()
    .map((path) => {
      try {
        return tree.text(path);
      } catch {
        return null;
      }
    });

const said = ({ journal, restored, skipped }: Undone) => ({
  journal,
  restored: restored.map(({ subject, from, to }) => `${subject}: ${to} -> ${from}`),
  skipped: skipped.map(({ change: { subject }, why, settled }) => `${subject}: ${why} ${settled}`),
});

it('does what it says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(aChange, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      fc.array(event, { maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (plans, events, force, all) => {
        const tree = openTree();
        try {
          putNic(tree, QUEUES);
          // Where they are found again once their numbers have gone.
          for (let at = 0; at < QUEUES; at++) tree.put(`/proc/irq/${80 + at}/smp_affinity_list`, '0-7\n');
          tree.put('/sys/class/net/eth0/ifindex', '7\n');
          tree.put('/sys/class/net/eth0/address', '02:00:00:00:00:01\n');
          const access = () => ({ ...tree.access(), nic: async () => nic({ queues: QUEUES, firstIrq: 80 }) });
          for (const changes of plans) await apply(tree, access(), changes);
          for (const happen of events) happen(tree);
          const files = listJournals(tree.state).slice(0, all ? 3 : 1);
          const before = contents(tree);
          const options = { force, ask: async () => false };
          const rehearsal = rehearse(access());
          const dry: Undone[] = [];
          for (const file of files) dry.push(await undoOne(access(), file, { ...options, rehearsal }));
          expect(contents(tree)).toEqual(before);
          expect(listJournals(tree.state).slice(0, files.length)).toEqual(files);
          const real: Undone[] = [];
          for (const file of files) real.push(await undoOne(access(), file, options));
          expect(dry.map(said)).toEqual(real.map(said));
        } finally {
          tree.end();
        }
      },
    ),
    { seed: 17, numRuns: 100 },
  );
});
