import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { addressOf, openNotifier, passedSockets, watchdogMs } from '../../src/system/service-manager.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-notify-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Node has no datagram sockets of AF_UNIX. Prints each datagram as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('"bound"', flush=True)
for _ in range(5): print(json.dumps(s.recv(4096).decode()), flush=True)
`;

describe.each([
  ['a path', join(folder, 'notify')],
  ['an abstract address', `@lt-notify-${process.pid}`],
])('a service manager at %s', (_, socket) => {
  it('gets each state as one datagram', async () => {
    const receiver = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(receiver.stdout, 'data');
    const notifier = openNotifier({ NOTIFY_SOCKET: socket });
    const before = process.hrtime.bigint() / 1000n;
    expect([
      notifier?.ready('8 queues as planned'),
      notifier?.status('one\nREADY=1'),
      notifier?.reloading(),
      notifier?.alive(),
      notifier?.stopping('undoing'),
    ]).toEqual([null, null, null, null, null]);
    const text = (await receiver.stdout.toArray()).join('');
    const [ready, status, reloading, alive, stopping] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([ready, status, alive, stopping]).toEqual([
      'READY=1\nSTATUS=8 queues as planned',
      'STATUS=one READY=1',
      'WATCHDOG=1',
      'STOPPING=1\nSTATUS=undoing',
    ]);
    const usec = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading)?.[1] ?? -1);
    expect(usec >= before && usec <= process.hrtime.bigint() / 1000n).toBe(true);
  });
});

describe('openNotifier', () => {
  it('is null without a manager, and for an address that it does not know', () => {
    for (const socket of [undefined, '', 'vsock:2:1234', 'relative', '/', '@'])
      expect(openNotifier({ NOTIFY_SOCKET: socket })).toBeNull();
  });

  it('returns the error if nobody receives', () => {
    expect(openNotifier({ NOTIFY_SOCKET: join(folder, 'nobody') })?.alive()).toMatchObject({
      code: 'ENOENT',
    });
  });

  it('takes any text for an address, or none', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '/', '@'), (rest, start) => {
        const address = addressOf(start + rest);
        expect(address === null || (address.length <= 108 && [0, 0x2f].includes(address[0] ?? 1))).toBe(true);
      }),
    );
  });
});

describe('watchdogMs', () => {
  it('is the interval of this process', () => {
    expect(watchdogMs({ WATCHDOG_USEC: '30000000' }, 7)).toBe(30_000);
    expect(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7)).toBe(30_000);
    expect(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7)).toBeNull();
    for (const usec of [undefined, '', '0', '-1', '1e6', '99999999999999999999'])
      expect(watchdogMs({ WATCHDOG_USEC: usec }, 7)).toBeNull();
  });
});

describe('passedSockets', () => {
  it('are none without a manager, or for another process', () => {
    expect(passedSockets({}, 7)).toEqual([]);
    expect(passedSockets({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7)).toEqual([]);
    for (const count of ['0', '-1', '99999', 'x'])
      expect(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: count }, 7)).toEqual([]);
  });

  // As systemd does: the sockets from 3 on, then execve.
  const MANAGER = `
import os, socket, sys
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
os.dup2(listener.fileno(), 3); os.dup2(os.open('/dev/null', os.O_RDONLY), 4)
for fd in (3, 4): os.set_inheritable(fd, True)
environment = dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='metrics:other')
os.execve(sys.argv[1], sys.argv[1:], environment)`;

  it('are served by a process that gets them', () => {
    const words = ['-c', MANAGER, process.execPath, join(import.meta.dirname, 'serve-passed.ts')];
    const served = execFileSync('python3', words, { encoding: 'utf8' });
    expect(JSON.parse(served)).toEqual({ sockets: [{ fd: 3, name: 'metrics' }], heard: 'hello' });
  });
});
