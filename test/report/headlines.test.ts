/** The headline of machines that were reported in public threads: never a promise that the findings take back. */
import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/cbpf/programs.ts';
import type { Host } from '../../src/host/types.ts';
import type { Layout } from '../../src/report/inspection.ts';
import { paint } from '../../src/report/style.ts';
import { verdict } from '../../src/report/verdict.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { inspectionOf } from './machines.ts';

const layout: Layout = { color: false, rules: false, unicode: true, columns: 100, all: false };
const headline = (machine: Host): string =>
  verdict(inspectionOf(machine, null), layout)
    .map((line) => paint(line, layout).trim())
    .join(' ');

describe('the headline', () => {
  it('of ixgbe with more queues than RSS reaches', () => {
    const machine = host({
      cpus: 40,
      nics: [
        nic({
          queues: 40,
          xps: true,
          rss: range(128).map((entry) => entry % 16),
          more: { channels: { rx: null, tx: null, combined: { current: 40, max: 63 }, other: null } },
        }),
      ],
      groups: [group({ protocol: 'udp', port: 53, workers: pinned(...range(40)) })],
    });
    expect(headline(machine)).toMatch(
      /^2\.5 % .* today, by hash over 40 sockets\. A program by CPU would give one worker 6\.3 % .* prevents it\./,
    );
  });

  it('of a relay with a program for half of its sockets', () => {
    const workers = range(4).map((at) => ({ cpu: at, more: { packets: at === 0 ? 5000 : 0 } }));
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ protocol: 'udp', port: 4443, workers, program: cpu(2) })],
    });
    expect(headline(machine)).toMatch(
      /^50 % .* 100 % possible with `locality-tune attach --port 4443 --udp --yes`\. {2}4 findings: 1 error, 3 warnings\.$/,
    );
  });

  it('of a service whose manager also holds its sockets', () => {
    const made = group({ workers: pinned(0, 1, 2, 3), program: 'cpu' });
    const sockets = made.sockets.map((socket, at) => ({
      ...socket,
      holders: [...socket.holders, { pid: 1, fd: 60 + at }],
    }));
    const machine = host({ cpus: 4, nics: [nic({ queues: 4, xps: true })], groups: [{ ...made, sockets }] });
    expect(headline(machine)).toMatch(/^100 % .* Nothing to gain\. {2}No findings\.$/);
  });

  it('of a process whose threads share one epoll', () => {
    const workers = range(4).map((at) => ({
      cpus: range(4),
      more: { owners: [owner(range(4), { pid: 4000, tid: null, comm: 'goflow2', fd: 7 + at })] },
    }));
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ protocol: 'udp', port: 2055, workers })],
    });
    expect(headline(machine)).toMatch(
      /^- {2}The locality of udp 0\.0\.0\.0:2055 is not known: a worker is not pinned /,
    );
    expect(
      inspectionOf(machine, null)
        .findings.flatMap(({ fix }) => fix)
        .join(),
    ).not.toContain('taskset');
  });
});
