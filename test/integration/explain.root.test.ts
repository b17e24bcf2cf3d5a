/** What `explain` computes on paper, against the worker that the kernel really picks. */
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHost } from '../../src/host/host.ts';
import type { Host } from '../../src/host/types.ts';
import { walker } from '../../src/path/explain-walk.ts';
import { endpoint, type Flow } from '../../src/path/flow.ts';
import { loopbackOf } from '../../src/path/receiving-nics.ts';
import { NOTHING_GIVEN } from '../../src/path/rss-hash.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { parseAddress } from '../../src/system/address.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson } from './cli.ts';
import { matchedFrom } from './requests.ts';
import { type Nginx, startNginx } from './servers.ts';

const PORT = 28_097;
const CPUS = [0, 1];
const SERVER = '127.0.0.1';

const LOOPBACK = { nic: loopbackOf({ nics: [] }), devices: new Set(['lo']), why: '' };
const walk = (host: Host, flow: Flow, cpu: number | null = null) =>
  walker(host, { given: NOTHING_GIVEN, cpu })(flow, LOOPBACK);

const at = (address: string, port: number) => endpoint(parseAddress(address) ?? expect.fail(address), port);
const flowFrom = (address: string, port: number): Flow => ({
  protocol: 'tcp',
  source: at(address, port),
  destination: at(SERVER, PORT),
});

const look = () =>
  readHost(
    { files: openFiles('/'), kernel: openKernel() },
    { ifaces: ['lo'], port: PORT, slots: true, sampleSeconds: 0 },
  );

/** A new connection from this address: its port, and the pid of the worker that answers. */
function connectFrom(localAddress: string): Promise<{ readonly flow: Flow; readonly pid: number }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: SERVER, port: PORT, localAddress, agent: false }, (response) => {
      const port = response.socket.localPort ?? 0;
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ flow: flowFrom(localAddress, port), pid: Number(body) }));
    });
    request.on('error', reject);
  });
}

describe('explain, compared with 2,000 new connections', () => {
  let nginx: Nginx;
  let hashed: Host;

  beforeAll(async () => {
    await assertBpfAnswers();
    nginx = await startNginx(PORT, 2);
    hashed = await look();
  });
  afterAll(() => nginx?.stop());

  it('predicts what is measured by hash, within four standard errors', async () => {
    const shares = CPUS.map(
      (cpu) => walk(hashed, flowFrom(SERVER, 40_000), cpu).delivery.localShare ?? expect.fail('not known'),
    );
    const expected = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const [group] = hashed.groups;
    const workerOn = (cpu: number) =>
      group?.sockets.find(({ cpus }) => cpus[0] === cpu)?.owners[0]?.pid.toString();
    const { matched, total } = await matchedFrom(CPUS, PORT, 1_000, workerOn);
    expect(total).toBe(2_000);
    expect(Math.abs(matched / total - expected)).toBeLessThan(
      4 * Math.sqrt((expected * (1 - expected)) / total),
    );
  });

  it('names the worker of each connection if a program chooses by the flow', async () => {
    const args = ['--program', 'weighted', '--weights', '3,1', '--by', 'flow'];
    const attached = await cliJson<Attached>('attach', '--yes', '--port', String(PORT), ...args);
    expect(attached.changed).toBe(true);
    const host = await look();
    const answers = new Map<string, number>();
    for (let each = 0; each < 2_000; each++) {
      const { flow, pid } = await connectFrom(`127.0.0.${2 + (each % 250)}`);
      const { delivery } = walk(host, flow);
      expect(delivery.worker?.pid).toBe(pid);
      answers.set(`slot ${delivery.slot}`, (answers.get(`slot ${delivery.slot}`) ?? 0) + 1);
    }
    // Three quarters of the flows, give or take four standard errors: else the weights would be no weights.
    expect(Math.abs((answers.get('slot 0') ?? 0) / 2_000 - 0.75)).toBeLessThan(
      4 * Math.sqrt((0.75 * 0.25) / 2_000),
    );
  });
});
