import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cli, cliBehind, ENTRY } from '../integration/cli.ts';
import { exporterOf, type RunningExporter, seriesValue, startExporter, valuesOf } from './running.ts';

const NETNS = `lt-export-${process.pid}`;
const INSIDE = ['ip', 'netns', 'exec', NETNS];
const ip = (...words: string[]) => execFileSync('ip', ['-n', NETNS, ...words]);
const folder = mkdtempSync(join(tmpdir(), 'lt-export-'));

beforeAll(() => {
  process.env['LOCALITY_TUNE_STATE'] = join(folder, 'state');
  execFileSync('ip', ['netns', 'add', NETNS]);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'v0', 'numrxqueues', '2', 'numtxqueues', '2', 'type', 'veth', 'peer', 'name', 'v1');
  for (const name of ['v0', 'v1']) ip('link', 'set', name, 'up');
});
afterAll(() => {
  delete process.env['LOCALITY_TUNE_STATE'];
  execFileSync('ip', ['netns', 'del', NETNS]);
  rmSync(folder, { recursive: true, force: true });
});

let exporter: RunningExporter | null = null;
afterEach(async () => {
  await exporter?.stop();
  exporter = null;
});

/** A program that answers each line of its input with a line. */
function python(program: string) {
  const child = spawn('ip', ['netns', 'exec', NETNS, 'python3', '-uc', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  return {
    next,
    ask: (line: string) => {
      child.stdin.write(`${line}\n`);
      return next();
    },
    end: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** A UDP group with small buffers: \`N\` sends N datagrams and prints how many are there to be read, in all. */
const DROPPING = `
import socket, sys
def member(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    s.bind(('127.0.0.1', port))
    s.setblocking(False)
    return s
members = [member(5353), member(5353)]
print('ready')
for line in sys.stdin:
    for n in range(int(line)):
        source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        source.sendto(b'x' * 512, ('127.0.0.1', 5353))
        source.close()
    read = 0
    for s in members:
        while True:
            try: s.recv(512)
            except BlockingIOError: break
            read += 1
    print(read)
`;

describe('counters', () => {
  it('grow by exactly what was dropped', async () => {
    const server = python(DROPPING);
    await server.next();
    try {
      exporter = await startExporter(['--netns', NETNS, '--no-slots'], INSIDE);
      const drops = async () => {
        const values = valuesOf((await exporter?.scrape()) ?? '', 'slot_drops_total');
        return [...values.values()].reduce((sum, value) => sum + value, 0);
      };
      let before = await drops();
      for (const sent of [997, 1_009]) {
        const read = Number(await server.ask(String(sent)));
        expect(read).toBeLessThan(sent);
        const after = await drops();
        expect(after - before).toBe(sent - read);
        before = after;
      }
    } finally {
      await server.end();
    }
  });
});

describe('a scrape', () => {
  it('answers while apply and undo change the machine, and then shows what they did', async () => {
    exporter = await startExporter(['--netns', NETNS, '--no-slots'], INSIDE);
    const texts: string[] = [];
    let isOver = false;
    const scraping = [1, 2, 3].map(async () => {
      for (; !isOver; await sleep(100)) texts.push((await exporter?.scrape()) ?? '');
    });
    const words = ['--netns', NETNS, '--yes'];
    const applied = await cli('apply', ...words, '--iface', 'v0', '--only', 'xps');
    const set = await queuesWithXps(2);
    const undone = await cli('undo', ...words);
    const unset = await queuesWithXps(0);
    isOver = true;
    expect([applied.code, undone.code], applied.stdout + applied.stderr + undone.stderr).toEqual([0, 0]);
    expect([set, unset]).toEqual([2, 0]);
    await Promise.all(scraping);
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts)
      expect(seriesValue(text, 'missing{what="configuration",reason="failed"}')).toBe(0);
  });

  /** Reads until it is so many, or for longer than a configuration is used. */
  async function queuesWithXps(wanted: number): Promise<number> {
    let count = Number.NaN;
    for (let tries = 0; tries < 80 && count !== wanted; tries++) {
      count = valuesOf((await exporter?.scrape()) ?? '', 'queue_xps_cpu').size;
      await sleep(250);
    }
    return count;
  }
});

describe('a watcher', () => {
  const RPS = '/sys/class/net/v0/queues/rx-0/rps_cpus';

  it('serves its drift with --listen, and answers those that ask for it', async () => {
    const words = [
      'watch',
      '--netns',
      NETNS,
      '--baseline',
      'now',
      '--iface',
      'v0',
      '--listen',
      '127.0.0.1:0',
    ];
    const child = spawn(process.execPath, [ENTRY, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface(child.stderr)[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    try {
      const [, url = ''] = /^serving (\S+)$/.exec(await next()) ?? [];
      expect(await next()).toMatch(/^watching /);
      // It lives on, so that it can be asked for its name.
      const writer = spawn('ip', ['netns', 'exec', NETNS, 'sh', '-c', `echo 1 > ${RPS}; read end`]);
      let text = '';
      while (seriesValue(text, 'drift{kind="rps",device="v0"}') !== 1) {
        text = execFileSync('ip', ['netns', 'exec', NETNS, 'curl', '-sSf', url], { encoding: 'utf8' });
        await sleep(200);
      }
      writer.stdin.end();
      const { stdout } = await cli('metrics', '--netns', NETNS, '--no-slots');
      for (const each of [text, stdout]) {
        expect(seriesValue(each, 'watchers')).toBe(1);
        expect(seriesValue(each, 'drift_events_total{kind="rps",cause="process"}')).toBe(1);
        expect(seriesValue(each, 'drift_events_total{kind="rps",cause="unknown"}')).toBe(0);
        expect(seriesValue(each, 'watched_settings{state="drifted"}')).toBe(1);
      }
    } finally {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
  });
});

describe('without root', () => {
  const UNPRIVILEGED = [
    'setpriv',
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    '--inh-caps=-all',
  ];

  it('there are metrics, and they say what is missing', async () => {
    const { code, stdout, stderr } = await cliBehind(UNPRIVILEGED, 'metrics');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^locality_tune_device_queues\{/m);
    for (const what of ['workers', 'slots', 'watch'])
      expect(seriesValue(stdout, `missing{what="${what}",reason="not-root"}`)).toBe(1);
  });

  it('a sample is refused, in a metric', async () => {
    const [command = '', ...words] = [...UNPRIVILEGED, process.execPath, ENTRY];
    const child = spawn(command, [...words, 'export', '--listen', '0', '--sample', '5/60', '-j'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    exporter = await exporterOf(child);
    expect(seriesValue(await exporter.scrape(), 'missing{what="skb",reason="not-root"}')).toBe(1);
  });
});

describe('export', () => {
  it('ends with 0 on SIGTERM, and frees its port', async () => {
    exporter = await startExporter(['--no-slots']);
    const { port } = new URL(exporter.url);
    expect(await exporter.stop()).toBe(0);
    exporter = null;
    const again = spawn(process.execPath, [ENTRY, 'export', '--listen', port, '--no-slots', '-j'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    exporter = await exporterOf(again);
    expect(new URL(exporter.url).port).toBe(port);
  });

  it('names the port that another process has', async () => {
    exporter = await startExporter(['--no-slots']);
    const { code, stderr } = await cli('export', '--listen', new URL(exporter.url).port);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^locality-tune: export: --listen 127\.0\.0\.1:\d+: another process listens there; see `ss -ltnp`/,
    );
  });

  /** What systemd does with a socket unit. */
  const ACTIVATE = `
import os, socket, sys
s = socket.create_server(('127.0.0.1', 0))
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='metrics')
os.execv(sys.argv[1], sys.argv[1:])
`;

  it('uses the socket that the service manager has opened', async () => {
    const child = spawn('python3', ['-c', ACTIVATE, process.execPath, ENTRY, 'export', '--no-slots', '-j'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    exporter = await exporterOf(child);
    expect(await exporter.scrape()).toContain('locality_tune_build_info{');
  });
});

describe('metrics --textfile', () => {
  it('writes a file that everyone can read, and leaves nothing else', async () => {
    const text = join(folder, 'text');
    execFileSync('mkdir', [text]);
    const file = join(text, 'locality-tune.prom');
    writeFileSync(file, 'old', { mode: 0o600 });
    const { code, stdout, stderr } = await cli('metrics', '--no-slots', '--textfile', file);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/^# HELP locality_tune_build_info .+\n$/s);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(text)).toEqual(['locality-tune.prom']);
  });

  it('replaces no link and no device', async () => {
    const link = join(folder, 'link.prom');
    symlinkSync('/etc/hostname', link);
    for (const path of [link, '/dev/null', folder]) {
      const { code, stderr } = await cli('metrics', '--no-slots', '--textfile', path);
      expect(code).toBe(1);
      expect(stderr).toBe(
        `locality-tune: --textfile ${path}: it is not a regular file; name a file, or a path where none is\n`,
      );
    }
  });
});
