import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import type { Layout } from '../../src/report/inspection.ts';
import { paint } from '../../src/report/style.ts';
import { verdict } from '../../src/report/verdict.ts';
import { inNetns } from '../../src/words/in-netns.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';
import { inspectionOf } from './machines.ts';

const layout: Layout = { color: false, rules: false, unicode: true, columns: 100, all: false };

function read(machine: Host, remedy: string | null = null): string {
  const lines = verdict(inspectionOf(machine, remedy), layout).map((line) => paint(line, layout).trim());
  return lines.join(' ');
}

const eth0 = nic({ queues: 4, xps: true });
const server = group({ workers: pinned(0, 1, 2, 3) });

it('says what is, what could be, and the command', () => {
  expect(read(host({ cpus: 4, nics: [eth0], groups: [server] }))).toBe(
    '25 %  expected locality of tcp 0.0.0.0:8080 today, by hash over 4 sockets. ' +
      '100 % possible with `locality-tune attach --port 8080 --yes`.  1 finding: 1 warning.',
  );
});

it('names map where slots and CPUs disagree', () => {
  const turned = group({ workers: pinned(3, 2, 1, 0), program: 'cpu' });
  expect(read(host({ cpus: 4, nics: [eth0], groups: [turned] }))).toMatch(
    /^0 % .*, by program cpu over 4 sockets\. `locality-tune attach --port 8080 --program map --yes` fixes it\./,
  );
});

it('gives no command that a finding advises against', () => {
  const six = group({ workers: pinned(0, 1, 2, 3, 4, 5) });
  const text = read(host({ cpus: 8, nics: [eth0], groups: [six] }));
  expect(text).toMatch(/^16\.7 % /);
  expect(text).not.toContain('locality-tune attach');
});

it('says that everything is local if it is', () => {
  const set = group({ workers: pinned(0, 1, 2, 3), program: 'cpu' });
  expect(read(host({ cpus: 4, nics: [eth0], groups: [set] }))).toMatch(
    /^100 % .* Nothing to gain\. {2}No findings\.$/,
  );
});

it('distinguishes interfaces that differ', () => {
  const eth1 = nic({ name: 'eth1', queues: 4, firstIrq: 60, irqCpus: [4, 5, 6, 7], xps: true });
  const set = group({ workers: pinned(0, 1, 2, 3), program: 'cpu' });
  expect(read(host({ cpus: 8, nics: [eth0, eth1], groups: [set] }))).toMatch(
    /^0 % .* \(eth0 100 %, eth1 0 %\), /,
  );
});

it('does not guess: an unknown value is a dash with its reason and how to find out', () => {
  const idle = group({ workers: range(4).map(() => ({ cpus: [0, 1, 2, 3] })) });
  expect(read(host({ cpus: 4, nics: [eth0], groups: [idle] }), 'Run it as root.')).toMatch(
    /^- {2}The locality of tcp 0\.0\.0\.0:8080 is not known: .*pinned.* Run it as root\. /,
  );
});

it('knows loopback, and not a device of which nothing is known', () => {
  const workers = pinned(0, 1, 2, 3);
  const local = group({ address: '127.0.0.1', workers });
  expect(read(host({ cpus: 4, nics: [eth0], groups: [local] }))).toMatch(
    /^25 % {2}expected locality of tcp 127\.0\.0\.1:8080 today, by hash .* 100 % possible with `locality-tune attach/,
  );
  const bound = group({ device: 'wg0', workers });
  expect(read(host({ cpus: 4, nics: [eth0], groups: [bound] }))).toMatch(
    /^- {2}Packets to tcp 0\.0\.0\.0%wg0:8080 arrive through no interface that is known/,
  );
});

it('puts the worst groups first and stays short', () => {
  const groups = range(9).map((at) =>
    group({ port: 8000 + at, workers: pinned(0, 1, 2, 3), ...(at === 7 ? {} : { program: 'cpu' as const }) }),
  );
  const text = read(host({ cpus: 4, nics: [eth0], groups }));
  expect(text).toMatch(/^25 % {2}expected locality of tcp 0\.0\.0\.0:8007 /);
  expect(text).toContain('5 more groups: --all shows them.');
});

it('draws no conclusion from what could not be read', () => {
  expect(read(host({ nics: [eth0] }))).toContain('so no program can pick a worker');
  expect(read(host({ nics: [eth0] }), 'Run it as root.')).toMatch(
    /was seen \(1 interface with 4 rx queues\)\. Run it as root\./,
  );
});

it('leaves out the quiet standby of a bond', () => {
  const counted = (name: string, irqCpus: number[], each: number) => {
    const made = nic({ name, queues: 4, irqCpus, firstIrq: irqCpus[0] === 0 ? 32 : 60, xps: true });
    return { ...made, irqs: made.irqs.map((irq) => ({ ...irq, counts: [each, 0, 0, 0, 0, 0, 0, 0] })) };
  };
  const nics = [counted('eth0', [0, 1, 2, 3], 4e6), counted('eth1', [4, 5, 6, 7], 900)];
  expect(read(host({ cpus: 8, nics, groups: [server] }))).toMatch(/^25 % {2}expected locality of tcp [^(]*$/);
});

it('does not say that there is nothing to gain beside a command for the group', () => {
  const workers = [970, 30].map((packets) => ({ cpu: 0, more: { packets } }));
  const hot = group({ protocol: 'udp', port: 514, workers });
  const text = read(host({ cpus: 1, nics: [nic()], groups: [hot] }));
  expect(text).toMatch(/^100 % .*The findings propose changes for other reasons\./);
  expect(text).not.toContain('Nothing to gain');
});

it('names no single command if workers have to be pinned first', () => {
  const free = group({ workers: [0, 1].map(() => ({ cpus: [0, 1] })) });
  const text = read(host({ cpus: 2, nics: [nic({ queues: 2, xps: true })], groups: [free] }));
  expect(text).toMatch(/is not known: .* The commands of the findings fix it, in their order\./);
});

it('prints the command of another namespace as the finding does', () => {
  const machine = host({ cpus: 4, nics: [eth0], groups: [server] });
  const { findings, ...rest } = inspectionOf(machine);
  const there = findings.map((finding) => ({
    ...finding,
    fix: finding.fix.map((fix) => inNetns(fix, { asked: 'web', pid: null })),
  }));
  const lines = verdict({ ...rest, findings: there }, layout).map((line) => paint(line, layout).trim());
  expect(lines.join(' ')).toContain('possible with `locality-tune attach --port 8080 --yes --netns web`.');
});

it('does not offer a program alone to workers that must be pinned first', () => {
  const loose = group({ workers: range(4).map(() => ({ cpus: range(4) })) });
  const text = read(host({ cpus: 4, nics: [eth0], groups: [loose] }));
  expect(text).toContain('The commands of the findings fix it, in their order.');
  expect(text).not.toContain('locality-tune attach');
});

it('says that nothing is on the port that was asked for', () => {
  const machine = { ...inspectionOf(host({ cpus: 4, nics: [eth0] })), port: 8080 };
  const [first] = verdict(machine, layout).map((line) => paint(line, layout));
  expect(first).toMatch(/^Nothing is on port 8080: no process listens on it with TCP/);
});

it('says first that the port is served in another namespace, and not how to look harder here', () => {
  const note =
    'udp port 53 is served in another network namespace, that of process 7 (dns): look there with --netns 7';
  const machine = host({ nics: [eth0], more: { notes: [note] } });
  const lines = verdict({ ...inspectionOf(machine, 'Omit --no-slots.'), port: 53 }, layout);
  const text = lines.map((line) => paint(line, layout).trim()).join(' ');
  expect(text).toMatch(/^Nothing was seen on port 53: /);
  expect(text).toContain(`${note}.`);
  expect(text).not.toContain('Omit');
});

describe('promises no program alone', () => {
  const promise = (irqCpus: number[], cpus: number[], online = 8) =>
    read(
      host({
        cpus: online,
        nics: [nic({ queues: irqCpus.length, irqCpus, xps: true })],
        groups: [group({ workers: pinned(...cpus) })],
      }),
    );

  it('while all queues interrupt the CPU of one worker', () => {
    expect(promise([0, 0, 0, 0], [0, 1, 2, 3])).toMatch(
      /^25 % .* 100 % possible with the commands of the findings, in their order\./,
    );
  });

  it('while no queue interrupts the CPU of a worker', () => {
    const text = promise([0, 0, 0, 0, 0, 0, 0, 0], [4, 5, 6, 7]);
    expect(text).toMatch(/^0 % .* possible with the commands of the findings, in their order\./);
    expect(text).not.toContain('locality-tune attach');
  });

  it('to more workers than CPUs receive', () => {
    expect(promise([0, 1, 2, 3], range(8))).toContain(
      'A program by CPU would give one worker 25 % of the flows; a fair share is 12.5 %. ' +
        'The findings say what prevents it.',
    );
  });

  it('without the share of a worker that gets more than the others', () => {
    expect(promise([0, 1, 2, 0], [0, 1, 2], 3)).toContain(
      '100 % possible with `locality-tune attach --port 8080 --yes`, which gives one worker 50 % of the flows; ' +
        'a fair share is 33.3 %.',
    );
  });
});
