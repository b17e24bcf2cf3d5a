/** Machines whose reports are kept in golden/: one in order, one not, one that hides what matters, one very large. */

import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import type { Inspection } from '../../src/report/inspection.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';

export function inspectionOf(machine: Host, remedy: string | null = null): Inspection {
  const view = viewOf(machine);
  return { ...view, findings: diagnose(view), remedy };
}

const eight = range(8);

export const good = host({
  nics: [nic({ queues: 8, xps: true })],
  groups: [group({ workers: pinned(...eight), program: 'cpu' })],
});

const docker = { runtime: 'docker', id: '0123456789abcdef'.repeat(4), pod: null, name: null, podName: null };

/** Two queues on one CPU, irqbalance, a shared listener, a worker that calls itself, and its unit, by an escape sequence. */
export const bad = host({
  nics: [
    nic({ queues: 8, irqCpus: [0, 3, 3, 4, 5, 6, 7, 1] }),
    nic({ name: 'eth1', queues: 1, firstIrq: 60 }),
  ],
  irqbalance: { running: true, bannedIrqs: [] },
  groups: [
    group({ workers: pinned(...eight) }),
    group({
      protocol: 'udp',
      port: 4433,
      program: 'cpu',
      workers: [7, 6, 5, 4, 3, 2, 1, 0].map((cpu, slot) => ({
        cpu,
        more: {
          owners: [
            owner([cpu], {
              pid: 2000 + slot,
              tid: 2000 + slot,
              comm: 'dns\x1b[2J',
              unit: 'dns@\x1b[2J.service',
            }),
          ],
          drops: slot * 7,
        },
      })),
    }),
  ],
  more: {
    lone: [
      {
        id: 'tcp 0.0.0.0:9000',
        protocol: 'tcp',
        address: '0.0.0.0',
        port: 9000,
        device: null,
        inode: 90000,
        owners: range(4).map((at) =>
          owner(eight, { pid: 3000 + at, tid: 3000 + at, comm: 'php-fpm', container: docker }),
        ),
        processes: 4,
        recvQueue: 3,
        drops: 0,
      },
      {
        id: 'udp 0.0.0.0:514',
        protocol: 'udp',
        address: '0.0.0.0',
        port: 514,
        device: null,
        inode: 90001,
        owners: [owner(eight, { pid: 3100, tid: 3100, comm: 'syslog-ng' })],
        processes: 1,
        recvQueue: 212_992,
        drops: 1_900_000_000,
      },
    ],
  },
});

/** What an unprivileged user sees. */
export const unknown = host({
  nics: [
    nic({
      queues: 4,
      irqCpus: [null, null, null, null],
      xps: null,
      rps: null,
      more: { notes: ['/proc/irq is not readable'] },
    }),
  ],
  irqbalance: { running: null, bannedIrqs: null },
  rpsSockFlowEntries: null,
  groups: [
    group({
      slotSource: null,
      workers: range(4).map(() => ({ cpus: null, more: { owners: [] } })),
      more: { selection: null, notes: ['slots and program were not read: bpftrace needs root'] },
    }),
  ],
});

/** 512 CPUs, 8 NICs of 128 queues; one of them has two odd queues. */
export const huge = host({
  cpus: 512,
  numa: range(4).map((node) => range(128).map((cpu) => node * 128 + cpu)),
  nics: eight.map((at) =>
    nic({
      name: `ens${at + 1}f0np0`,
      queues: 128,
      firstIrq: 100 + 130 * at,
      irqCpus: range(128).map((queue) =>
        at === 2 && (queue === 70 || queue === 71) ? 256 : (at % 4) * 128 + queue,
      ),
      more: { numaNode: at % 4 },
    }),
  ),
  groups: [
    group({ workers: pinned(...range(512)) }),
    group({
      protocol: 'udp',
      address: '2001:db8::53',
      port: 4433,
      workers: pinned(...range(512)),
      program: 'cpu',
    }),
  ],
});
