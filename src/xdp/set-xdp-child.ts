/** The child of set-xdp.ts: reads one Order from stdin, loads and attaches, writes Lines to stdout. */
import { readFileSync, writeSync } from 'node:fs';
import { openProgram, programInfo } from '../system/bpf.ts';
import { errnoCode } from '../system/errors.ts';
import { native } from '../system/native.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
import { setXdp, type XdpMode } from '../system/xdp-link.ts';
import { load } from './load.ts';
import type { Line, Order } from './order.ts';

/** Written immediately, because the next call may never return. */
const say = (line: Line): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

async function carryOut(order: Order): Promise<void> {
  try {
    // Before Linux 5.11 maps count as locked memory.
    if (order.program !== null) native().unlimitMemlock();
    const program = order.program === null ? null : load(order.program);
    say({ stage: 'loaded' });
    await attach(order, program);
    say({ done: { programId: program === null ? null : programInfo(program).id } });
  } catch (error) {
    const code = errnoCode(error);
    if (code === null) throw error;
    const message = error instanceof Error ? error.message : String(error);
    say({ code: OWN_CODES[code] ?? code, message, hint: hintFor(code, order.mode) });
  }
}

async function attach({ ifindex, mode, replaces }: Order, program: number | null): Promise<void> {
  const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);
  const set = (expected: number | null) => setXdp(ask, { ifindex, mode, fd: program ?? -1, expected });
  // The process ends right after it, which closes all descriptors.
  await set(replaces === null ? null : openProgram(replaces));
}

/** What an errno means for this call. */
const OWN_CODES: Readonly<Record<string, string>> = {
  EBUSY: 'foreign-program',
  EEXIST: 'foreign-program',
  ENODEV: 'gone',
  EOPNOTSUPP: 'native-refused',
  ENOTSUP: 'native-refused',
};

function hintFor(code: string, mode: XdpMode): string {
  switch (code) {
    case 'EBUSY':
    case 'EEXIST':
      return 'another program was attached in the meantime: see `locality-tune xdp status`';
    case 'ENODEV':
      return 'see `ip link`';
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return mode === 'native' ? 'use --mode generic, which works on every driver' : 'see `ip -d link`';
    case 'EPERM':
      return 'loading needs CAP_BPF or CAP_SYS_ADMIN, attaching CAP_NET_ADMIN; a kernel in lockdown refuses both';
    case 'EINVAL':
    case 'E2BIG':
      return 'this driver or kernel refuses the program: docs/xdp.md says what needs which kernel';
    default:
      return 'see docs/troubleshooting.md';
  }
}

void carryOut(JSON.parse(readFileSync(0, 'utf8')) as Order);
