import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/system/kernel.ts';
import { run } from '../../src/system/run.ts';
import { decodeAddress, setAffinity } from '../../src/system/sockets.ts';
import { bytes } from './bytes.ts';

const kernel = openKernel();
let child: ChildProcess;
let pid: number;

beforeAll(async () => {
  child = spawn(process.execPath, ['-e', "console.log('on'); setInterval(() => {}, 1000)"], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  pid = child.pid ?? -1;
  await once(child.stdout ?? child, 'data');
});
afterAll(() => {
  child.kill('SIGKILL');
});

describe('affinity', () => {
  it('is set and read by thread', () => {
    const allowed = kernel.affinity(0);
    const one = allowed.slice(-1);
    const [first, ...others] = readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter((tid) => tid !== pid);
    setAffinity(first ?? pid, one);
    expect(kernel.affinity(first ?? pid)).toEqual(one);
    for (const tid of [pid, ...others]) expect(kernel.affinity(tid)).toEqual(allowed);
    setAffinity(first ?? pid, allowed);
    expect(kernel.affinity(first ?? pid)).toEqual(allowed);
  });

  it('refuses CPUs that the machine does not have', () => {
    for (const cpus of [[], [8191], [8192], [-1], [Number.NaN], [0.5]]) {
      expect(() => setAffinity(pid, cpus), String(cpus)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
    expect(() => kernel.affinity(2 ** 31 - 1)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });
});

describe('a program on a reuseport group', () => {
  it('is attached and detached, in a separate process, because a stuck kernel would never return', async () => {
    const child = await run(process.execPath, [`${import.meta.dirname}/attach-once.ts`], {
      timeoutMs: 20_000,
    });
    expect(child).toMatchObject({ stdout: 'ENOENT attached detached ENOENT\n', stderr: '', code: 0 });
  });
});

describe('decodeAddress', () => {
  it('never throws', () => {
    const port = (bytes: Uint8Array) => decodeAddress(bytes)?.port ?? 0;
    fc.assert(fc.property(bytes, (garbage) => port(garbage) <= 0xffff));
    fc.assert(
      fc.property(
        fc.constantFrom(2, 10),
        bytes,
        (family, rest) => port(Uint8Array.of(family, 0, ...rest)) <= 0xffff,
      ),
    );
  });
});
