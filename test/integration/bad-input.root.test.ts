import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from './cli.ts';

/** A python process that holds one socket of each troublesome kind, at descriptors that it names. */
const ZOO = `
import socket, sys, json, time, os
def tcp(reuse):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if reuse: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', 0))
    return s
bound = tcp(True)
plain = tcp(False); plain.listen()
listener = tcp(True); listener.listen()
client = socket.create_connection(listener.getsockname())
child, _ = listener.accept()
unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
file = open('/dev/null')
ports = {'plain': plain.getsockname()[1], 'listener': listener.getsockname()[1]}
fds = {k: v.fileno() for k, v in dict(bound=bound, plain=plain, child=child, unix=unix, file=file).items()}
print(json.dumps({'fds': fds, 'ports': ports}), flush=True)
sys.stdin.read()
`;

interface Zoo {
  readonly fds: Readonly<Record<'bound' | 'plain' | 'child' | 'unix' | 'file', number>>;
  readonly ports: Readonly<Record<'plain' | 'listener', number>>;
}

describe('wrong input', () => {
  const python = spawn('python3', ['-c', ZOO], { stdio: ['pipe', 'pipe', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'lt-bad-'));
  let zoo: Zoo;

  beforeAll(async () => {
    const [line] =
      (await new Promise<[Buffer]>((resolve) => python.stdout.once('data', (data) => resolve([data])))) ?? [];
    zoo = JSON.parse(line.toString()) as Zoo;
  });
  afterAll(() => {
    python.stdin.end();
    rmSync(folder, { recursive: true });
  });

  /** One line on stderr, nothing on stdout, the right status; and the same as a JSON document. */
  async function expectFailure(
    args: readonly string[],
    exit: number,
    code: string,
    words: RegExp,
  ): Promise<void> {
    const text = await cli(...args);
    expect({ code: text.code, stdout: text.stdout }, text.stderr).toEqual({ code: exit, stdout: '' });
    expect(text.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(text.stderr).toMatch(/^locality-tune: /);
    expect(text.stderr).toMatch(words);
    const json = await cli(...args, '--json');
    expect(json.code).toBe(exit);
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: expect.any(String), error: { code } });
  }

  const member = (fd: number) => ['attach', '--pid', String(python.pid), '--fd', String(fd)];

  it('refuses descriptors that are not a member of a group', async () => {
    await expectFailure(member(zoo.fds.file), 1, 'not-a-socket', /not a socket/);
    await expectFailure(member(zoo.fds.unix), 1, 'not-inet', /neither a TCP nor a UDP/);
    await expectFailure(member(zoo.fds.plain), 1, 'not-reuseport', /SO_REUSEPORT/);
    await expectFailure(member(zoo.fds.bound), 1, 'not-listening', /not listening/);
    await expectFailure(member(zoo.fds.child), 1, 'accepted-connection', /is a connection/);
    await expectFailure(member(999), 1, 'no-such-fd', /no file descriptor 999/);
  });

  it('leaves the bound socket able to listen: a refused attach has touched nothing', async () => {
    // An attach through it would have made that listen() fail with EADDRINUSE.
    await expectFailure([...member(zoo.fds.bound), '--force'], 1, 'not-listening', /not listening/);
  });

  it('refuses missing processes and ports', async () => {
    await expectFailure(['attach', '--pid', '4194300', '--fd', '3'], 1, 'gone', /no process 4194300/);
    await expectFailure(['attach', '--port', '1'], 1, 'no-such-group', /tcp port 1/);
    await expectFailure(['detach', '--port', '1', '--udp'], 1, 'no-such-group', /udp port 1/);
    await expectFailure(
      ['attach', '--port', String(zoo.ports.plain)],
      1,
      'not-reuseport',
      /without SO_REUSEPORT/,
    );
  });

  it('refuses command lines with too little, too much, or nonsense', async () => {
    await expectFailure(['attach'], 2, 'usage', /--pid/);
    await expectFailure(['attach', '--pid', '1'], 2, 'usage', /--fd/);
    await expectFailure(['attach', '--port', '80', '--pid', '1', '--fd', '3'], 2, 'usage', /--port/);
    await expectFailure(['attach', '--port', '65536'], 2, 'usage', /65536/);
    await expectFailure(['attach', '--port', '0x50'], 2, 'usage', /0x50/);
    await expectFailure(['attach', '--pid', '-1', '--fd', '3'], 2, 'usage', /-1/);
    await expectFailure(['attach', '--port', '80', '--program', 'cup'], 2, 'usage', /cup/);
    await expectFailure(['attach', '--port', '80', '--group-size', '0'], 2, 'usage', /'0'/);
    await expectFailure(['attach', '--port', '80', '--root', folder], 2, 'usage', /--root/);
    await expectFailure(['inspect', '--port', 'http'], 2, 'usage', /http/);
    await expectFailure(['inspekt'], 2, 'usage', /inspekt/);
    await expectFailure(['inspect', '--al'], 2, 'usage', /--al/);
  });

  it('refuses interfaces, roots and namespaces that do not exist', async () => {
    await expectFailure(['inspect', '--iface', 'eth99'], 1, 'no-such-interface', /eth99/);
    await expectFailure(['inspect', '--root', '/nonexistent'], 1, 'ENOENT', /nonexistent/);
    writeFileSync(join(folder, 'file'), '');
    await expectFailure(['inspect', '--root', join(folder, 'file')], 1, 'broken-archive', /file/);
    await expectFailure(['inspect', '--root', folder], 1, 'no-tree', /proc/);
    await expectFailure(['inspect', '--netns', 'nowhere'], 1, 'no-netns', /nowhere/);
  });
});
