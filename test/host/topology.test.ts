import { availableParallelism, hostname, release } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInterrupts } from '../../src/host/interrupts.ts';
import { parseOsRelease, readMachine } from '../../src/host/topology.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

describe('the machine', () => {
  it('of a captured tree: cores, nodes, isolated CPUs, names', () => {
    const files = openFiles(`${import.meta.dirname}/../fixtures/trees/mlx5-bond`);
    expect(readMachine({ files, kernel: null }, readInterrupts(files))).toEqual({
      hostname: 'edge-03',
      kernel: '5.15.0-122-generic',
      arch: null,
      distro: 'Ubuntu 22.04.5 LTS',
      cpus: {
        online: Array.from({ length: 16 }, (_, cpu) => cpu),
        isolated: [15],
        isolation: [{ source: 'isolcpus', cpus: [15], name: null }],
        smtSiblings: Array.from({ length: 8 }, (_, core) => [core, core + 8]),
        numa: [
          { node: 0, cpus: [0, 1, 2, 3, 8, 9, 10, 11] },
          { node: 1, cpus: [4, 5, 6, 7, 12, 13, 14, 15] },
        ],
      },
      processor: null,
      memoryBytes: null,
      kernelThreads: null,
      irqbalance: { running: null, bannedIrqs: null },
      rpsSockFlowEntries: 0,
    });
  });

  it('agrees with Node about this one', () => {
    const files = openFiles('/');
    const machine = readMachine({ files, kernel: openKernel() }, readInterrupts(files));
    expect(machine).toMatchObject({ hostname: hostname(), kernel: release() });
    expect(machine.arch).toMatch(/^\w+$/);
    expect(machine.distro).not.toBe('');
    expect(machine.cpus.online.length).toBeGreaterThanOrEqual(availableParallelism());
    expect(machine.irqbalance.running).not.toBeNull();
  });

  it('reads os-release as a shell would', () => {
    expect(parseOsRelease('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
      'Debian GNU/Linux 12 (bookworm)',
    );
    expect(parseOsRelease("PRETTY_NAME='Void'")).toBe('Void');
    expect(parseOsRelease('PRETTY_NAME=Alpine')).toBe('Alpine');
    expect(parseOsRelease('NAME=x')).toBeNull();
    fc.assert(fc.property(fc.string(), (any) => void parseOsRelease(any)));
  });
});
