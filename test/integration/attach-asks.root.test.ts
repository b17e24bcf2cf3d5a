import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { openScreen } from '../tui/pty.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';

/** A group of UDP sockets of one process that may run on every CPU. */
const MEMBERS = `
import socket, sys
def member(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port))
    return s
first = member(0)
group = [first] + [member(first.getsockname()[1]) for _ in range(2)]
print(first.getsockname()[1], flush=True)
sys.stdin.read()
`;

describe('attach and detach without --yes', () => {
  const python: ChildProcess = spawn('python3', ['-c', MEMBERS], { stdio: ['pipe', 'pipe', 'inherit'] });
  let selector: string[] = [];

  beforeAll(async () => {
    await assertBpfAnswers();
    const [line] = python.stdout ? await once(python.stdout, 'data') : [];
    selector = ['--port', String(line).trim(), '--udp'];
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.stdin?.end();
    await exit;
  });

  const programNow = async () => {
    const [port = ''] = selector.slice(1);
    const { groups } = await cliJson<{ groups: Group[] }>('inspect', '--port', port, '--sample', '0');
    return groups[0]?.program?.name ?? null;
  };
  const command = (name: string, ...args: string[]) =>
    openScreen(process.execPath, [ENTRY, name, ...selector, ...args], { columns: 120, rows: 60 });
  const onTerminal = (...args: string[]) => command('attach', ...args);

  it('refuses a program by CPU for unpinned workers where nobody can be asked', async () => {
    const { code, stdout } = await cli('attach', ...selector, '-j');
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({
      code: 'not-pinned',
      message: expect.stringContaining('3 workers may run on several CPUs, so `cpu` would send packets to'),
      hint: expect.stringContaining(`locality-tune plan ${selector.join(' ')}`),
    });
    expect(await programNow()).toBeNull();
  });

  it('refuses any other change there, too', async () => {
    const { code, stderr } = await cli('attach', ...selector, '--program', 'rand');
    expect(code).toBe(2);
    expect(stderr).toContain('use --yes to confirm');
    expect(await programNow()).toBeNull();
  });

  it('shows the program on a terminal and leaves all as it is after a no', async () => {
    const screen = onTerminal();
    const text = await screen.until(/\[y\/N\]/);
    expect(text).toMatch(/ld cpu\s+\{ 0x20/);
    expect(text).toContain('3 of 3 workers are not pinned');
    expect(text).toContain(`to pin the workers first: locality-tune plan ${selector.join(' ')}`);
    expect(text).toMatch(/Attach `cpu` to udp 127\.0\.0\.1:\d+ anyway\?/);
    screen.type('n\r');
    await screen.until(/nothing was changed/);
    expect(await screen.ended).toMatchObject({ code: 1 });
    expect(await programNow()).toBeNull();
  });

  it('attaches after a yes, and says each warning once', async () => {
    const screen = onTerminal('--program', 'rand');
    expect(await screen.until(/\[y\/N\]/)).toMatch(/Attach `rand` to udp 127\.0\.0\.1:\d+\?/);
    screen.type('y\r');
    const text = await screen.until(/attached `rand` for 3 sockets through pid \d+/);
    expect(await screen.ended).toMatchObject({ code: 0 });
    expect(text.match(/breaks QUIC/g)).toHaveLength(1);
    expect(await programNow()).toBe('rand');
  });

  it('asks nothing if nothing would change', async () => {
    const args = [...selector, '--program', 'rand'];
    expect(await cliJson<Attached>('attach', ...args)).toMatchObject({ attached: true, changed: false });
    const screen = onTerminal('--program', 'rand');
    await screen.until(/is attached already; nothing was changed/);
    expect(await screen.ended).toMatchObject({ code: 0 });
  });

  it('does it with --yes, and inspect warns of the workers', async () => {
    const attached = await cliJson<Attached>('attach', ...selector, '--yes');
    expect(attached).toMatchObject({ changed: true, unpinned: 3, protocol: 'udp' });
    const { findings } = await cliJson<{ findings: { rule: string; severity: string }[] }>(
      'inspect',
      ...selector.slice(0, 2),
      '--sample',
      '0',
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: 'worker-not-pinned', severity: 'warning' }),
    );
  });

  it('exits with 129 when its terminal goes away: before the change nothing is attached, after it the program stays', async () => {
    const measure = (seconds: number) => ['--program', 'rand', '--measure', String(seconds), '--yes'];
    const before = await programNow();
    const early = onTerminal(...measure(60));
    await early.until(/measuring 60 s before the change/, 'the first measurement', 100);
    early.hangUp();
    expect(await early.ended).toEqual({ code: 129, signal: 0 });
    expect(await programNow()).toBe(before);

    // Without a SIGHUP only its writes fail.
    const words = ['trap "" HUP; setsid --wait "$@"; exit', 'sh', process.execPath, ENTRY, 'attach'];
    const late = openScreen('sh', ['-c', ...words, ...selector, ...measure(4)], { columns: 120 });
    await late.until(/measuring 4 s after the change/, 'the second measurement', 100);
    late.hangUp();
    expect(await late.ended).toEqual({ code: 129, signal: 0 });
    expect(await programNow()).toBe('rand');
  }, 300_000);

  it('says after a Ctrl-C in the second measurement that it was cut short, and that the program stays', async () => {
    const screen = onTerminal('--program', 'cpu', '--measure', '4', '--yes');
    await screen.until(/measuring 4 s before the change/, 'the first measurement', 100);
    await screen.until(/measuring 4 s after the change/, 'the second measurement', 100);
    screen.type('\u0003');
    const { code } = await screen.ended;
    const text = await screen.until(/nothing to\s+compare/);
    expect(text).toMatch(/attached `cpu` for 3 sockets in place of `rand`/);
    expect(text).toMatch(/interrupted: the program stays attached, but there is nothing to\s+compare/);
    expect(code).toBe(130);
    expect(await programNow()).toBe('cpu');
  }, 300_000);

  it('detach asks too, and leaves all as it is after a no, or where nobody can be asked', async () => {
    const { code, stderr } = await cli('detach', ...selector);
    expect([code, stderr]).toEqual([2, expect.stringContaining('detach: needs confirmation')]);
    const screen = command('detach');
    const text = await screen.until(/\[y\/N\]/);
    expect(text).toMatch(/would detach `cpu` through pid \d+ fd \d+\n/);
    expect(text).toMatch(/Detach the program from udp 127\.0\.0\.1:\d+\?/);
    screen.type('\r');
    await screen.until(/nothing was changed/);
    expect(await screen.ended).toMatchObject({ code: 1 });
    expect(await programNow()).toBe('cpu');
  });

  it('detach does it after a yes, and asks nothing if there is nothing to detach', async () => {
    const screen = command('detach');
    await screen.until(/\[y\/N\]/);
    screen.type('y\r');
    await screen.until(/detached `cpu` through pid \d+ fd \d+; the kernel's hash decides again/);
    expect(await screen.ended).toMatchObject({ code: 0 });
    expect(await programNow()).toBeNull();
    expect(await cliJson('detach', ...selector)).toMatchObject({ detached: false, attached: false });
  });
});
