/** `xdp sport` on a veth in network namespaces of its own: what the server sees, and which answers come back. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';
import { PEER, SERVER, useVethPair } from './veth-pair.ts';

const { inside, atPeer, run, json, state, statusOf, send } = useVethPair('lt-sport');

const RESTORE = 'xdp sport --iface v0 --port 4000 --mode generic --restore --yes';
/** A filter that lets everything out, and ends the search. */
const ANY = "bpf bytecode '1,6 0 0 4294967295' flowid 1:1";
const CHILD = join(import.meta.dirname, '../../src/xdp/set-xdp-child.ts');
const qdisc = () =>
  inside('tc qdisc show dev v0; tc filter show dev v0 egress; tc filter show dev v0 ingress');

/** Runs it in the background, and waits for its first line. */
function begin(name: string, script: string): void {
  const file = `${state()}/${name}`;
  inside(`rm -f ${file}; python3 -c '${script.replaceAll("'", '"')}' > ${file} 2>&1 < /dev/null &
    until [ -s ${file} ]; do sleep 0.05; done`);
}
/** Its last line, once it has printed another one than the first. */
const lastOf = (name: string): string =>
  inside(
    `until [ $(wc -l < ${state()}/${name}) -ge 2 ]; do sleep 0.1; done; tail -n 1 ${state()}/${name}`,
  ).trim();

describe('a random source port', () => {
  it('is refused without a word on answers, and where a socket is connected', () => {
    for (const words of ['', ' --one-way --restore'])
      expect(json(`xdp sport --iface v0 --port 4000 --mode generic --yes${words}`).error.code).toBe('usage');
    begin(
      'connected',
      `
import os, socket, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(('', 4001))
one.connect(('${PEER}', 9))
print(os.getpid(), flush=True)
time.sleep(170)
`,
    );
    for (const words of ['--one-way', '--restore'])
      expect(json(`xdp sport --iface v0 --port 4001 --mode generic ${words} --yes`).error.code).toBe(
        'connected-socket',
      );
    inside(`kill $(cat ${state()}/connected)`);
    expect(readdirSync(state()).filter((name) => name !== 'connected')).toEqual([]);
  });

  it('reaches sockets as many flows, is counted, and is undone', () => {
    const made = json('xdp sport --iface v0 --port 4000 --mode generic --one-way --range 2000-2999 --yes');
    expect(made).toMatchObject({ changed: true, program: { name: 'lt_sport', ours: true } });
    begin(
      'ports',
      `
import socket
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(('', 4000))
receiver.settimeout(30)
# All of them fit, whenever they are read.
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
print('ready', flush=True)
ports = [receiver.recvfrom(64)[1][1] for _ in range(400)]
print(min(ports), max(ports), len(set(ports)))
`,
    );
    send(400, 1);
    const [least, most, distinct] = lastOf('ports').split(' ').map(Number);
    expect(least).toBeGreaterThanOrEqual(2000);
    expect(most).toBeLessThanOrEqual(2999);
    expect(distinct).toBeGreaterThan(250);
    expect(statusOf().sport).toMatchObject({ first: 2000, last: 2999, restore: false, rewritten: 400 });
    expect(run('xdp status --iface v0').stdout).toContain('400 packets were rewritten');
    expect(run('undo --yes').code).toBe(0);
    expect(json('xdp status').interfaces).toEqual([]);
  });
});

/**
 * The peer sends COUNT datagrams from each of FLOWS ports, and waits for each answer. Some are longer than the MTU.
 * @returns how many came back to the port they were sent from, and how many ports the server saw
 */
function echoed(count: number, flows: number, family: 4 | 6 = 4): { came: string; ports: number } {
  const [type, server] = family === 4 ? ['AF_INET', SERVER] : ['AF_INET6', '2001:db8::1'];
  begin(
    'echo',
    `
import socket
receiver = socket.socket(socket.${type}, socket.SOCK_DGRAM)
receiver.bind(('', 4000))
print('ready', flush=True)
ports = set()
while True:
    data, peer = receiver.recvfrom(9000)
    if data[0] == 2: break
    ports.add(peer[1])
    receiver.sendto(data * (200 if data[0] == 1 else 1), peer)
print(len(ports))
`,
  );
  const came = atPeer(`python3 -c "
import socket
came = 0
senders = []
for flow in range(${flows}):
    each = socket.socket(socket.${type}, socket.SOCK_DGRAM)
    each.bind(('', 30000 + flow))
    each.settimeout(10)
    senders.append(each)
for number in range(${count}):
    for flow, each in enumerate(senders):
        # Long answers, long questions, and neither.
        sent = bytes([1 if number % 7 == 0 else 0]) + flow.to_bytes(2, 'big') + number.to_bytes(4, 'big') + bytes(5)
        if number % 7 == 1: sent += bytes(3000)
        each.sendto(sent, ('${server}', 4000))
        try:
            came += each.recv(9000)[:7] == sent[:7]
        except TimeoutError:
            print('lost', flow, number, end=' ')
each.sendto(bytes([2]), ('${server}', 4000))
print(came)
"`);
  return { came: came.trim(), ports: Number(lastOf('echo')) };
}

describe('with --restore', () => {
  afterEach(() => run('xdp detach --iface v0 --yes'));

  it('brings every answer back to the port that asked, IPv4 and IPv6, whole and in fragments', () => {
    inside('ip addr add 2001:db8::1/64 dev v0 nodad');
    atPeer('ip addr add 2001:db8::2/64 dev v1 nodad');
    const before = qdisc();
    const made = json(RESTORE);
    expect(made).toMatchObject({
      changed: true,
      program: { ours: true },
      sport: { restore: true, restored: 0 },
    });
    expect(made.changes.map(({ kind }: { kind: string }) => kind)).toEqual(['tc', 'xdp']);
    expect(json(RESTORE).changed).toBe(false);
    for (const family of [4, 6] as const) {
      const { came, ports } = echoed(210, 4, family);
      expect({ family, came }).toEqual({ family, came: '840' });
      expect(ports).toBeGreaterThan(300);
    }
    const { sport, warnings } = statusOf();
    expect(warnings).toEqual([]);
    // Long questions pass as they are; one of each family ends the server.
    expect(sport).toMatchObject({ rewritten: 2 * (840 - 120 + 1), passed: { noPort: 0 } });
    expect(sport.restored).toBeGreaterThan(1_400);
    expect(run('xdp status').stdout).toContain("got the peer's own port back");
    // Another range takes its place, and knows the ports that were given.
    expect(json(`${RESTORE} --range 40000-40999`).changes.map(({ kind }: { kind: string }) => kind)).toEqual([
      'xdp',
    ]);
    expect(echoed(30, 2)).toMatchObject({ came: '60' });
    expect(json('xdp sport --iface v0 --port 4000 --mode generic --one-way --yes').error.code).toBe(
      'other-command',
    );
    expect(json('xdp detach --iface v0 --yes').detached).toBe(true);
    expect(qdisc()).toBe(before);
    expect(json('status').verdict).toBe('nothing');
  });

  it('keeps the clsact qdisc and the filters of others', () => {
    inside(`tc qdisc add dev v0 clsact; tc filter add dev v0 egress ${ANY}`);
    const before = qdisc();
    expect(json(RESTORE).changed).toBe(true);
    expect(echoed(30, 2)).toMatchObject({ came: '60' });
    expect(run('undo --yes').code).toBe(0);
    expect(qdisc()).toBe(before);
    inside('tc qdisc del dev v0 clsact');

    // Somebody uses the qdisc that was added for it.
    expect(json(RESTORE).changed).toBe(true);
    inside(`tc filter add dev v0 ingress ${ANY}`);
    expect(run('undo --yes').code).toBe(0);
    expect(qdisc()).toContain('bytecode');
    expect(json('status').verdict).toBe('nothing');
    inside('tc qdisc del dev v0 clsact');
  });

  it.each(['ingress', 'egress'])('keeps a filter on %s that is added while ours is deleted', (hook) => {
    expect(json(RESTORE).changed).toBe(true);
    const shown = JSON.parse(inside('tc -j filter show dev v0 egress'));
    const { pref: priority, options } = shown.find((each: { options?: unknown }) => each.options);
    const filter = {
      kind: 'bpf',
      priority,
      handle: Number(options.handle),
      programId: options.prog.id,
    };
    const ifindex = Number(inside('cat /sys/class/net/v0/ifindex'));
    const order = { egress: 'delete', ifindex, filter, withClsact: true };
    // What was read before is carried out after it.
    inside(`tc filter add dev v0 ${hook} ${ANY}`);
    const answer = inside(`echo '${JSON.stringify(order)}' | ${process.execPath} ${CHILD}`);
    expect(answer).toContain('"done"');
    expect(qdisc()).toContain('bytecode');
    expect(qdisc()).not.toContain('lt_own_port');
    // Ours is gone; one that has its place is not.
    inside(`tc filter del dev v0 ${hook}; tc filter add dev v0 egress pref ${priority} handle 1 ${ANY}`);
    inside(`echo '${JSON.stringify(order)}' | ${process.execPath} ${CHILD}`);
    expect(qdisc()).toContain('bytecode');
    inside('tc filter del dev v0 egress');
    inside(`echo '${JSON.stringify(order)}' | ${process.execPath} ${CHILD}`);
    expect(qdisc()).not.toContain('clsact');
    expect(run('xdp detach --iface v0 --yes').code).toBe(0);
  });

  it('is refused beside an ingress qdisc, and says that its filter has gone', () => {
    inside('tc qdisc add dev v0 ingress');
    expect(json(RESTORE).error.code).toBe('no-clsact');
    inside('tc qdisc del dev v0 ingress');
    expect(json(RESTORE).changed).toBe(true);
    inside('tc qdisc del dev v0 clsact');
    expect(json('status').drift[0]).toMatchObject({ subject: 'v0 tc egress', is: 'none' });
    expect(statusOf().warnings[0]).toContain('is not on the way out of v0 any more');
    expect(run('xdp status').code).toBe(1);
  });

  it('is refused behind a program that runs before all filters', () => {
    const hold = `${process.execPath} ${join(import.meta.dirname, 'hold-tcx.ts')}`;
    const refused = inside(
      `coproc_in=$(mktemp -u); mkfifo $coproc_in; ${hold} $(cat /sys/class/net/v0/ifindex) < $coproc_in > ${state()}/tcx 2>&1 &
       exec 9> $coproc_in; rm $coproc_in; until [ -s ${state()}/tcx ]; do sleep 0.05; done; cat ${state()}/tcx
       LOCALITY_TUNE_STATE=${state()} ${process.execPath} ${ENTRY} ${RESTORE} -j 9>&- || true; exec 9>&-; wait`,
    );
    const [ready, ...answer] = refused.split('\n');
    expect(ready).toBe('ready');
    expect(JSON.parse(answer.join('\n')).error.code).toBe('earlier-programs');
  });

  it.each([1, 2, 3, 4, 5])('killed after write %i leaves what undo can take back', (writes) => {
    const before = qdisc();
    const killed = run(RESTORE, { LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes) });
    expect(killed.signal ?? killed.code).not.toBe(0);
    expect(run('undo --yes').code).toBe(0);
    expect(qdisc()).toBe(before);
    expect(json('status').verdict).toBe('nothing');
  });
});
