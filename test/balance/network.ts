/**
 * A network of namespaces: a client, a router, balancers and backends with nginx, all but the client on one bridge. Backends
 * have the addresses that are balanced on lo, and answer through the router. The router spreads flows over the balancers.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ENTRY } from '../integration/cli.ts';
import { checkOutput } from '../schemas.ts';

export const [VIP4, VIP6] = ['198.51.100.1', 'fd51::1'];
export const TCP_PORT = 8080;
export const UDP_PORT = 5300;
const CLIENT_PY = join(import.meta.dirname, 'client.py');

/** Hosts by name: `lb1`, `n2`. */
const hostNumber = (name: string): number => Number(name.slice(-1)) + (name.startsWith('lb') ? 10 : 20);
export const addressesOf = (name: string): readonly [string, string] => [
  `10.9.0.${hostNumber(name)}`,
  `fd09::${hostNumber(name)}`,
];

export interface Connection {
  readonly family: 4 | 6;
  /** The client's. */
  readonly port: number;
  /** Name of the backend; null: it is broken. */
  readonly answer: string | null;
}

export class Network {
  readonly folder = mkdtempSync(join(tmpdir(), 'lt-balance-'));
  readonly #prefix = `lt-net-${process.pid}`;
  readonly #children = new Set<ChildProcess>();
  readonly #nginx = new Map<string, ChildProcess>();
  readonly #hosts: readonly string[];
  readonly balancers: readonly string[];
  readonly backends: readonly string[];

  constructor(balancers: readonly string[], backends: readonly string[]) {
    this.balancers = balancers;
    this.backends = backends;
    this.#hosts = ['switch', 'router', 'client', ...balancers, ...backends];
  }

  namespace = (name: string): string => `${this.#prefix}-${name}`;

  inside = (name: string, script: string): string =>
    execFileSync('ip', ['netns', 'exec', this.namespace(name), 'sh', '-ec', script], { encoding: 'utf8' });

  start = (name: string, command: string, ...args: readonly string[]) =>
    this.startWith(process.env, name, command, ...args);

  startWith(env: NodeJS.ProcessEnv, name: string, command: string, ...args: readonly string[]) {
    const child = spawn('ip', ['netns', 'exec', this.namespace(name), command, ...args], { env });
    this.#children.add(child);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const line = async (): Promise<string> => (await lines.next()).value ?? '';
    return { child, line, say: (text: string) => child.stdin.write(`${text}\n`) };
  }

  async open(): Promise<void> {
    for (const name of this.#hosts) execFileSync('ip', ['netns', 'add', this.namespace(name)]);
    this.inside('switch', 'ip link add br0 type bridge; ip link set br0 up');
    for (const name of this.#hosts.filter((each) => each !== 'switch' && each !== 'client')) {
      const [four, six] = name === 'router' ? ['10.9.0.1', 'fd09::1'] : addressesOf(name);
      this.inside('switch', `ip link add to-${name} type veth peer name e0 netns ${this.namespace(name)}`);
      this.inside('switch', `ip link set to-${name} master br0 up`);
      this.inside(
        name,
        `ip addr add ${four}/24 dev e0; ip addr add ${six}/64 dev e0 nodad; ip link set e0 up; ip link set lo up`,
      );
    }
    this.inside(
      'router',
      `ip link add c0 type veth peer name e0 netns ${this.namespace('client')}
      ip addr add 10.8.0.1/24 dev c0; ip addr add fd08::1/64 dev c0 nodad; ip link set c0 up
      cd /proc/sys/net; echo 1 > ipv4/ip_forward; echo 1 > ipv6/conf/all/forwarding
      echo 1 > ipv4/fib_multipath_hash_policy; echo 1 > ipv6/fib_multipath_hash_policy`,
    );
    this.inside(
      'client',
      `ip link set lo up; ip addr add 10.8.0.2/24 dev e0; ip addr add fd08::2/64 dev e0 nodad; ip link set e0 up
      ip route add default via 10.8.0.1; ip route add default via fd08::1`,
    );
    for (const name of this.backends) {
      this.inside(
        name,
        `cd /proc/sys/net/ipv4/conf/all; echo 1 > arp_ignore; echo 2 > arp_announce
        ip addr add ${VIP4}/32 dev lo; ip addr add ${VIP6}/128 dev lo nodad
        ip route add default via 10.9.0.1; ip route add default via fd09::1`,
      );
      await this.startNginx(name);
    }
    this.routeTo(this.balancers);
  }

  /** The router sends flows to these balancers. */
  routeTo(names: readonly string[]): void {
    const hops = (family: 0 | 1) => names.map((name) => `nexthop via ${addressesOf(name)[family]}`).join(' ');
    this.inside('router', `ip route replace ${VIP4} ${hops(0)}; ip -6 route replace ${VIP6} ${hops(1)}`);
  }

  async startNginx(name: string): Promise<void> {
    const root = join(this.folder, name);
    const config = `${root}.conf`;
    writeFileSync(
      config,
      `daemon off; master_process off; pid ${root}.pid; error_log ${root}.log;
      events { worker_connections 4096; }
      http { access_log off; keepalive_timeout 600; keepalive_requests 1000000;
        server { listen ${TCP_PORT}; listen [::]:${TCP_PORT};
          location / { return 200 "${name}"; }
          location /big { return 200 "${'x'.repeat(3900)}${'y'.repeat(60)}"; } } }`,
    );
    const { child } = this.start(name, 'nginx', '-c', config);
    this.#nginx.set(name, child);
    for (let tries = 0; tries < 200; tries++) {
      const listening = this.inside(name, `ss -Hltn 'sport = :${TCP_PORT}'`);
      if (listening.split('\n').length > 2) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`nginx of ${name} does not listen`);
  }

  async killNginx(name: string): Promise<void> {
    const child = this.#nginx.get(name);
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await ended;
  }

  balance(balancer: string, args: string) {
    const words = ['netns', 'exec', this.namespace(balancer), process.execPath, ENTRY, ...args.split(' ')];
    const { status, stdout, stderr } = spawnSync('ip', words, {
      encoding: 'utf8',
      env: this.environment(balancer),
    });
    checkOutput(stdout);
    return { status, stdout, stderr };
  }

  /** Each balancer is a machine of its own. */
  environment = (balancer: string) => ({
    ...process.env,
    LOCALITY_TUNE_STATE: join(this.folder, `state-${balancer}`),
  });

  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of a document.
  json = (balancer: string, args: string): any => JSON.parse(this.balance(balancer, `${args} -j`).stdout);

  async client() {
    const client = this.start('client', 'python3', CLIENT_PY, VIP4, VIP6, `${TCP_PORT}`, `${UDP_PORT}`);
    const ask = async <T>(command: string): Promise<T> => {
      client.say(command);
      return JSON.parse(await client.line()) as T;
    };
    return {
      /** Opens connections, alternately to both addresses, and keeps them. */
      open: (count: number) => ask<readonly Connection[]>(`open ${count}`),
      /** One request on each that is open. */
      again: () => ask<readonly Connection[]>('ask'),
      close: () => ask<readonly Connection[]>('close'),
      /** Lengths of long answers on new connections. */
      big: (count: number) => ask<readonly number[]>(`big ${count}`),
      /** Who answers long requests on new connections; null: nobody. */
      upload: (count: number) => ask<readonly (string | null)[]>(`upload ${count}`),
      /** µs of requests on one connection to `address` and one to the VIP, in turn. */
      latency: (address: string, count: number) =>
        ask<{ readonly direct: readonly number[]; readonly balanced: readonly number[] }>(
          `latency ${address} ${count}`,
        ),
      /** Datagrams of so many sockets, alternately to both addresses; the names that answered each. */
      datagrams: (sockets: number, each: number) =>
        ask<readonly (readonly string[])[]>(`datagrams ${sockets} ${each}`),
      /** Once more on the same sockets. */
      datagramsAgain: (each: number) => ask<readonly (readonly string[])[]>(`again ${each}`),
    };
  }

  /** The file of a balancer with these backends and weights, for both addresses. */
  save(file: string, weights: Readonly<Record<string, number>>, more: object = {}, vip: object = {}): string {
    const path = join(this.folder, file);
    const vips = (['tcp', 'udp'] as const).flatMap((protocol) =>
      [VIP4, VIP6].map((address, family) => ({
        address,
        port: protocol === 'tcp' ? TCP_PORT : UDP_PORT,
        protocol,
        backends: Object.entries(weights).map(([name, weight]) => ({
          address: addressesOf(name)[family],
          weight,
        })),
        ...(protocol === 'udp' ? vip : {}),
      })),
    );
    writeFileSync(path, JSON.stringify({ seed: '0123456789abcdef', ...more, vips }));
    return path;
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of this.#hosts) spawnSync('ip', ['netns', 'del', this.namespace(name)]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Answers each datagram with its name, from the address that it was sent to. */
export const UDP_SERVER = join(import.meta.dirname, 'udp-server.py');
