/** The kernel of this machine, in a network namespace: each kind of change, as it is heard. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';

const NAME = `lt-listen-${process.pid}`;
const OTHER = `${NAME}-other`;
const QUEUES = '/sys/class/net/four0/queues';
const FILES = ['rx-0/rps_cpus', 'rx-0/rps_flow_cnt', 'tx-0/xps_cpus'].map((file) => `${QUEUES}/${file}`);
/** Of procfs, and of this network namespace alone. */
const BACKLOG = '/proc/sys/net/core/somaxconn';

/** More than the queue of a netlink socket holds. */
const CHANGES = 12_000;

interface Line {
  readonly kind: string;
  readonly [field: string]: unknown;
}

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const inside = (...command: string[]) => ip('netns', 'exec', NAME, ...command);
const link = (...args: string[]) => ip('-n', NAME, 'link', ...args);
/** Runs it until `use` has resolved, so that it can be asked who it is also on a busy machine. */
async function during<T>(command: readonly string[], use: () => Promise<T>): Promise<T> {
  const child = spawn('ip', ['netns', 'exec', NAME, ...command], { stdio: ['pipe', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  try {
    return await use();
  } finally {
    child.stdin.end();
    await exit;
  }
}
/** What is heard of the write that the script makes. */
const writtenBy = (script: string, fields: Record<string, unknown>) =>
  during(['sh', '-c', `${script}; read end`], () => heard('written', fields));
const addPair = () => {
  const queues = ['numrxqueues', '4', 'numtxqueues', '4'];
  link('add', 'four0', ...queues, 'type', 'veth', 'peer', 'name', 'four1', ...queues);
};

let listener: ChildProcess;
/** Lines that no call of `next` has passed yet, and all. */
const lines: Line[] = [];
const all: Line[] = [];
let arrived = () => {};

/** The first line that fits, of those that no earlier call has returned. */
async function next(fits: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const at = lines.findIndex(fits);
    if (at >= 0) return lines.splice(0, at + 1).at(-1) as Line;
    await new Promise<void>((resolve) => {
      arrived = resolve;
    });
  }
}
const heard = (kind: string, fields: Record<string, unknown>) =>
  next((line) => line.kind === kind && Object.entries(fields).every(([key, value]) => line[key] === value));

beforeAll(async () => {
  ip('netns', 'add', NAME);
  ip('netns', 'add', OTHER);
  link('set', 'lo', 'up');
  addPair();
  const hear = `${import.meta.dirname}/hear.ts`;
  listener = spawn('ip', ['netns', 'exec', NAME, process.execPath, hear, ...FILES, BACKLOG], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  createInterface({ input: listener.stdout as NonNullable<typeof listener.stdout> }).on('line', (line) => {
    const parsed = JSON.parse(line);
    lines.push(parsed);
    all.push(parsed);
    arrived();
  });
});
afterAll(() => {
  listener.kill('SIGKILL');
  for (const name of [NAME, OTHER]) ip('netns', 'del', name);
});

it('names its sources', async () => {
  const { sources } = await heard('sources', {});
  expect(sources).toEqual(
    ['link', 'ethtool', 'netdev', 'cpu', 'tcp', 'udp', 'files', 'processes'].map((name) => ({
      name,
      ok: true,
      why: null,
    })),
  );
});

it('hears a link go up, lose its carrier, and get a master', async () => {
  link('set', 'four0', 'up');
  await heard('link', { name: 'four0', up: true, carrier: false });
  link('set', 'four1', 'up');
  await heard('link', { name: 'four0', carrier: true, operstate: 'up' });
  link('set', 'four1', 'down');
  await heard('link', { name: 'four0', up: true, carrier: false });
  link('add', 'bridge0', 'type', 'bridge');
  const { ifindex } = await heard('link', { name: 'bridge0' });
  link('set', 'four0', 'master', 'bridge0');
  await heard('link', { name: 'four0', master: ifindex });
  link('set', 'four0', 'nomaster');
  await heard('link', { name: 'four0', master: null });
  link('del', 'bridge0');
  await heard('link', { name: 'bridge0', event: 'gone' });
  // The bridge itself has said that its port is gone.
  expect(all.filter(({ event, name }) => event === 'gone' && name === 'four0')).toEqual([]);
});

it('hears a change of channels', async () => {
  inside('ethtool', '-L', 'four0', 'rx', '2', 'tx', '2');
  await heard('ethtool', { what: 'channels', name: 'four0' });
});

it('names the process that writes to a file of sysfs', async () => {
  expect(await writtenBy(`echo 1 > ${QUEUES}/rx-0/rps_cpus`, { path: FILES[0] })).toMatchObject({
    own: false,
    by: { comm: 'sh', script: null },
  });
  // Its input ends with that of the shell.
  const piped = await writtenBy(`(echo 2; cat) | tee ${QUEUES}/tx-0/xps_cpus`, { path: FILES[2] });
  expect(piped).toMatchObject({ own: false, by: { comm: 'tee' } });
  const script = `${import.meta.dirname}/write.py`;
  const python = ['python3', script, `${QUEUES}/rx-0/rps_flow_cnt`, '1024'];
  expect(await during(python, () => heard('written', { path: FILES[1] }))).toMatchObject({ by: { script } });
});

it('names the process that writes to a file of procfs, and knows its own writes', async () => {
  const event = await writtenBy(`x=$(cat ${BACKLOG}); echo $x > ${BACKLOG}`, { path: BACKLOG });
  expect(event).toMatchObject({ own: false, by: { comm: 'sh' } });
  listener.stdin?.write(`write ${BACKLOG}\n`);
  expect(await heard('written', { path: BACKLOG })).toMatchObject({ own: true });
});

it('does not report a write that the kernel refused', async () => {
  expect(() => inside('sh', '-c', `echo nonsense > ${QUEUES}/rx-0/rps_cpus 2> /dev/null`)).toThrow();
  expect(await writtenBy(`echo 0 > ${QUEUES}/tx-0/xps_cpus`, {})).toMatchObject({ path: FILES[2] });
});

it('hears listeners and UDP sockets that close, and no connection', async () => {
  const script = `import socket
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
  with socket.socket(family) as s, socket.socket(family, socket.SOCK_DGRAM) as u:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 8080)); s.listen(); u.bind((address, 8081))
    with socket.create_connection((address, 8080)) as c: s.accept()[0].close()`;
  inside('python3', '-c', script);
  await heard('socket-closed', { protocol: 'tcp', family: 4, address: '127.0.0.1', port: 8080 });
  await heard('socket-closed', { protocol: 'udp', family: 6, address: '::1', port: 8081 });
  inside('python3', '-c', script);
  await heard('socket-closed', { protocol: 'udp', family: 6 });
  const ports = all.filter(({ kind }) => kind === 'socket-closed').map(({ port }) => port);
  expect(ports.filter((port) => port !== 8080 && port !== 8081)).toEqual([]);
});

it('hears the end of a process that is not its child', async () => {
  const [one, other] = ['60', '61'].map((seconds) => spawn('sleep', [seconds]));
  // A pid beyond the largest that the kernel gives.
  listener.stdin?.write(`processes ${one?.pid} ${other?.pid} ${1 << 23}\n`);
  expect(await heard('processes', {})).toMatchObject({
    refused: [[1 << 23, expect.stringMatching(/ESRCH/)]],
  });
  listener.stdin?.write(`processes ${other?.pid}\n`);
  await heard('processes', {});
  one?.kill();
  other?.kill();
  expect(await heard('process-ended', {})).toMatchObject({ pid: other?.pid });
});

it('hears an interface that is deleted and created again, and then watches the new files', async () => {
  link('del', 'four0');
  await heard('link', { name: 'four0', event: 'gone' });
  await heard('netdev', { event: 'gone' });
  listener.stdin?.write(`set ${FILES[0]}\n`);
  expect(await heard('set', {})).toMatchObject({ refused: [[FILES[0], expect.stringMatching(/^ENOENT/)]] });
  addPair();
  await heard('link', { name: 'four0', event: 'changed' });
  listener.stdin?.write(`set ${FILES[0]}\n`);
  expect(await heard('set', {})).toMatchObject({ refused: [] });
  await writtenBy(`echo 1 > ${QUEUES}/rx-0/rps_cpus`, { path: FILES[0] });
});

it('hears an interface that moves to another network namespace', async () => {
  link('set', 'four1', 'netns', OTHER);
  await heard('link', { name: 'four1', event: 'moved' });
});

it('says that it missed something if nobody reads for too long', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lt-listen-'));
  const go = join(folder, 'go');
  link('add', 'busy0', 'type', 'bridge');
  listener.stdin?.write(`block ${go}\n`);
  await heard('blocked', {});
  const changes = Array.from({ length: CHANGES }, (_, at) => `link set busy0 mtu ${1400 + (at % 2)}\n`).join(
    '',
  );
  execFileSync('ip', ['-n', NAME, '-batch', '-'], { input: changes });
  writeFileSync(go, '');
  await heard('lost', { source: 'link' });
  await heard('lost', { source: 'link' });
  // And it goes on.
  link('del', 'busy0');
  await heard('link', { name: 'busy0', event: 'gone' });
  rmSync(folder, { recursive: true });
});

it('hears everything but writers without CAP_SYS_ADMIN, and says so', () => {
  const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const said = execFileSync('setpriv', [...words, `${import.meta.dirname}/hear.ts`], {
    input: `set ${BACKLOG}\n`,
    encoding: 'utf8',
  });
  const [first, second] = said.split('\n').map((line) => line && JSON.parse(line));
  const why = 'fanotify needs CAP_SYS_ADMIN';
  const isRefused = ({ ok }: { readonly ok: boolean }) => !ok;
  expect(first.sources.filter(isRefused)).toEqual([{ name: 'files', ok: false, why }]);
  expect(second.refused).toEqual([[BACKLOG, why]]);
});

it('stops, and then lets its process end', async () => {
  listener.stdin?.end();
  await heard('closed', {});
  const [code] = await new Promise<unknown[]>((resolve) => listener.once('exit', (...args) => resolve(args)));
  expect(code).toBe(0);
});
