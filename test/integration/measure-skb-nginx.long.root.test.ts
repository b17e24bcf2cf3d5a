import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Accepts } from '../../src/measure/accept.ts';
import type { Skbs } from '../../src/measure/skb.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson } from './cli.ts';
import { type Live, startLive } from './live.ts';
import { type Nginx, startNginx } from './servers.ts';

const PORT = 28_095;
const CPUS = [0, 1];

interface Share {
  readonly events: number;
  readonly local: number;
}

/** Over loopback a packet is sent and received on one CPU, so wrk's CPU stands for a queue's. */
const wrkOn = (cpu: number) =>
  promisify(execFile)('taskset', [
    ...['-c', String(cpu), 'wrk', '--threads', '1', '--connections', '8', '--duration', '2s'],
    ...['--header', 'Connection: close', `http://127.0.0.1:${PORT}/`],
  ]);

/** Until an interval that began after `load` has nothing in it. */
async function during<T>(
  live: Live,
  load: Promise<unknown>,
  shareOf: (document: T) => Share,
): Promise<Share> {
  let over = false;
  const ended = load.then(() => {
    over = true;
  });
  let [events, local] = [0, 0];
  for (let quiet = false; !quiet; ) {
    const wasOver = over;
    const share = shareOf(await live.document<T>());
    events += share.events;
    local += share.local;
    quiet = wasOver && share.events === 0;
  }
  await ended;
  return { events, local };
}

const accepted = ({ accepts, matched }: Accepts): Share => ({ events: accepts, local: matched });
const read = ({ rx }: Skbs): Share => ({ events: rx.packets ?? 0, local: rx.local ?? 0 });

describe('nginx under wrk from every CPU', () => {
  let nginx: Nginx;
  let skb: Live;
  let accept: Live;

  beforeAll(async () => {
    await assertBpfAnswers();
    nginx = await startNginx(PORT, CPUS.length);
    const filters = ['-j', '-i', '0.5', '--port', String(PORT)];
    skb = startLive(['measure', 'skb', ...filters]);
    accept = startLive(['measure', 'accept', ...filters]);
    await Promise.all([skb.document(), accept.document()]);
  });
  afterAll(async () => {
    expect(await skb?.interrupt()).toMatchObject({ code: 0 });
    expect(await accept?.interrupt()).toMatchObject({ code: 0 });
    await nginx?.stop();
  });

  async function measured(): Promise<{ accepts: Share; packets: Share }> {
    const load = Promise.all(CPUS.map(wrkOn));
    const [accepts, packets] = await Promise.all([during(accept, load, accepted), during(skb, load, read)]);
    // One request a connection, and one packet a request; the last connections are closed before they ask.
    expect(accepts.events).toBeGreaterThan(500);
    expect(packets.events).toBeLessThanOrEqual(accepts.events);
    expect(packets.events).toBeGreaterThan(accepts.events - 8 * CPUS.length * 2);
    return { accepts, packets };
  }

  it('reads one packet in N on the CPU that received it, and all of them once attached', async () => {
    const before = await measured();
    // Four standard errors of a throw with N sides.
    for (const { events, local } of Object.values(before))
      expect(Math.abs(local / events - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / events));

    await cliJson('attach', '--yes', '--port', String(PORT), '--program', 'map');
    const after = await measured();
    expect(after.accepts.local).toBe(after.accepts.events);
    expect(after.packets.local).toBe(after.packets.events);
  });
});
