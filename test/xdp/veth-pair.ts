/** The tool in a network namespace of its own, and a sender in another one, at both ends of a veth. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

const MAC = '02:00:5e:10:00:01';
/** Of v0, here, and of v1, at the other end. */
export const [SERVER, PEER] = ['198.51.100.1', '198.51.100.2'];

export const inNamespace = (namespace: string, script: string): string =>
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-ec', script], { encoding: 'utf8' });

export interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** For the tests of a file. @param name of its namespaces */
export function useVethPair(name: string) {
  const here = `${name}-${process.pid}`;
  const there = `${here}-peer`;
  let state = '';
  const inside = (script: string) => inNamespace(here, script);
  const atPeer = (script: string) => inNamespace(there, script);
  /** The arguments of `ip` that run the tool there. */
  const words = (args: string) => ['netns', 'exec', here, process.execPath, ENTRY, ...args.split(' ')];
  const run = (args: string, environment: Readonly<Record<string, string>> = {}): Ran => {
    const env = { ...process.env, LOCALITY_TUNE_STATE: state, ...environment };
    const { status, signal, stdout, stderr } = spawnSync('ip', words(args), { encoding: 'utf8', env });
    return { code: status, signal, stdout, stderr };
  };
  const json = (args: string) => JSON.parse(run(`${args} -j`).stdout);
  const statusOf = (iface = 'v0') => json(`xdp status --iface ${iface}`).interfaces[0];

  beforeAll(() => {
    state = mkdtempSync(join(tmpdir(), `${here}-`));
    for (const each of [here, there]) execFileSync('ip', ['netns', 'add', each]);
    const link = `-n ${here} link add v0 address ${MAC} type veth peer name v1 netns ${there}`;
    execFileSync('ip', link.split(' '));
    inside(`ip addr add ${SERVER}/24 dev v0; ip link set v0 up; ip link set lo up`);
    atPeer(
      `ip addr add ${PEER}/24 dev v1; ip link set v1 up; until grep -q up /sys/class/net/v1/operstate; do sleep 0.05; done; ip neigh replace ${SERVER} lladdr ${MAC} dev v1`,
    );
  });
  afterAll(() => {
    for (const each of [here, there]) spawnSync('ip', ['netns', 'del', each]);
    rmSync(state, { recursive: true, force: true });
  });

  return {
    inside,
    atPeer,
    words,
    run,
    json,
    /** The folder of journals. */
    state: () => state,
    statusOf,
    /** The status of v0 once the threads of the CPUs have taken so many packets from their queues, or after a while. */
    arrived: (count: number) => {
      let status = statusOf();
      for (let tries = 0; status.arrived < count && tries < 20; tries++) status = statusOf();
      return status;
    },
    /**
     * Datagrams to port 4000 of `flows` source ports, one after the other, all of one CPU: in generic mode that is the
     * CPU that runs the program, and a turn of `round` is counted for each CPU.
     */
    send: (count: number, flows: number) =>
      execFileSync('ip', ['netns', 'exec', there, 'python3', '-c', sender(count, flows)]),
  };
}

const sender = (count: number, flows: number) => `
import os, socket, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sockets = []
for flow in range(${flows}):
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    each.bind(('', 20000 + flow))
    sockets.append(each)
for number in range(${count}):
    sockets[number % ${flows}].sendto(number.to_bytes(4, 'big') + bytes(20), ('${SERVER}', 4000))
    if number % 100 == 99: time.sleep(0.02)
`;
