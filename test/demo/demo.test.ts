import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/cbpf/programs.ts';
import { simulate } from '../../src/cbpf/simulate.ts';
import { demonstrate, localProgram } from '../../src/demo/demo.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { run } from '../../src/system/run.ts';

const options = {
  maxWorkers: 4,
  connections: 2_000,
  datagrams: 4_000,
  signal: new AbortController().signal,
  onStep: () => {},
};

/** Runs on two CPUs or more; how many is the machine's affair. */
describe('the demo', () => {
  it('goes from a lottery to every connection on its rxcpu, and from one worker to all', async () => {
    const { cpus, tcp, udp } = await demonstrate(openKernel(), options);
    const n = cpus.length;
    expect(n).toBeGreaterThan(1);
    if (!tcp || !udp) throw new Error('nothing was shown');

    const deviation = Math.sqrt((1 / n) * (1 - 1 / n) * tcp.before.total);
    expect(tcp.before.total).toBeGreaterThanOrEqual(2_000);
    expect(Math.abs((tcp.before.matched ?? 0) - tcp.before.total / n)).toBeLessThan(4 * deviation);
    expect(tcp.after).toMatchObject({ total: tcp.before.total, matched: tcp.before.total, percent: 100 });

    expect(udp.before.workers.filter(({ count }) => count > 0)).toHaveLength(1);
    // What a full queue lost is missing somewhere: on a busy machine one worker may lose more than another.
    const sent = udp.after.total + udp.after.lost;
    const spread = 4 * Math.sqrt((1 / n) * (1 - 1 / n) * sent) + udp.after.lost;
    for (const { count } of udp.after.workers) expect(Math.abs(count - sent / n)).toBeLessThan(spread);
  });

  it('leads any set of CPUs to their workers', () => {
    expect(localProgram([0, 1, 2])).toEqual({ name: 'cpu', instructions: cpu(3) });
    for (const cpus of [[3, 5], [1], [0, 2], [1, 0], [7, 8, 9, 511]]) {
      const { name, instructions } = localProgram(cpus);
      expect(name).toBe('map');
      expect(cpus.map((cpu) => simulate(instructions, { cpu }).result)).toEqual(cpus.map((_, slot) => slot));
    }
  });

  it('leaves no process behind when it is aborted', async () => {
    const abort = new AbortController();
    const running = demonstrate(openKernel(), {
      ...options,
      connections: 1_000_000,
      signal: abort.signal,
      onStep: (step) => {
        if (step.startsWith('TCP')) setTimeout(() => abort.abort(), 200);
      },
    });
    await expect(running).rejects.toThrow();
    const { stdout } = await run('ps', ['--ppid', String(process.pid), '-o', 'args='], { timeoutMs: 5_000 });
    expect(stdout.split('\n').filter((line) => /demo\/(worker|client)\./.test(line))).toEqual([]);
  });
});
