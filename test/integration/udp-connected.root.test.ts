import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Group } from '../../src/host/types.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';

/** Each of three workers opens its socket for new flows, then connects one for each of its clients. */
const RELAYS = `
import os, socket, sys
port = 0
kept = []
def opened():
    global port
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port))
    port = s.getsockname()[1]
    kept.append(s)
    return s
for worker in range(3):
    opened()
    for client in range(2): opened().connect(('127.0.0.1', 40000 + 10 * worker + client))
print(port, flush=True)
sys.stdin.read()
`;

interface Inspected {
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
}

/** Linux 6.13, udp_lib_hash4(). */
const leavesItsGroup = () => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 13);
};

describe('UDP workers that connect() sockets as their clients come', () => {
  const python = spawn('python3', ['-c', RELAYS], { stdio: ['pipe', 'pipe', 'inherit'] });
  let port = '';

  beforeAll(async () => {
    await assertBpfAnswers();
    const [line] = (await once(python.stdout, 'data')) as [Buffer];
    port = line.toString().trim();
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.stdin.end();
    await exit;
  });

  it('are found to be in several groups, of which one takes all new flows', async () => {
    const { groups, findings } = await cliJson<Inspected>('inspect', '--port', port, '--sample', '0');
    const split = findings.filter(({ rule }) => rule === 'group-split');
    if (!leavesItsGroup()) {
      expect(groups).toMatchObject([{ size: 9, kernelGroups: 1, newFlows: true }]);
      expect(split).toEqual([]);
      return;
    }
    expect(groups.map(({ newFlows }) => newFlows)).toEqual([true, false, false]);
    expect(split).toMatchObject([{ severity: 'error', subject: `udp 127.0.0.1:${port}` }]);
    expect(split[0]?.message).toMatch(
      /into 3 groups.*and none to 2 other sockets.*before the first connect\(\)/,
    );
    const { stdout } = await cli('inspect', '--port', port, '--sample', '0', '--color', 'never');
    expect(stdout).toContain('[group-split]');
  });
});
