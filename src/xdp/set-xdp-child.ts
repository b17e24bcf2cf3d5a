/** The child of set-xdp.ts: reads one order from stdin, loads and attaches, writes Lines to stdout. */
import { readFileSync, writeSync } from 'node:fs';
import { openProgram, programInfo } from '../system/bpf.ts';
import { errnoCode } from '../system/errors.ts';
import { native } from '../system/native.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
import { addFilter, deleteClsact, deleteFilter, type Filter, type Hook, readFilters } from '../system/tc.ts';
import { setXdp, type XdpMode } from '../system/xdp-link.ts';
import { load } from './load.ts';
import type { EgressDeletion, EgressOrder, Line, Order } from './order.ts';

/** Written immediately, because the next call may never return. Throws EPIPE if the parent has ended. */
const say = (line: Line): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

async function carryOut(order: Order | EgressOrder): Promise<void> {
  try {
    const loading = 'program' in order ? order.program : null;
    // Before Linux 5.11 maps count as locked memory.
    if (loading !== null) native().unlimitMemlock();
    const program = loading === null ? null : load(loading);
    // Ends here if the parent has ended: its journal may be undone already, and a later attach would stay.
    say({ stage: 'loaded' });
    if ('egress' in order) await filter(order, program);
    else await attach(order, program);
    say({ done: { programId: program === null ? null : programInfo(program).id } });
  } catch (error) {
    const code = errnoCode(error);
    if (code === null) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if ('egress' in order) say({ code: code === 'ENODEV' ? 'gone' : code, message, hint: filterHint(code) });
    else say({ code: OWN_CODES[code] ?? code, message, hint: hintFor(code, order.mode) });
  }
}

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

async function attach({ ifindex, mode, replaces }: Order, program: number | null): Promise<void> {
  const set = (expected: number | null) => setXdp(ask, { ifindex, mode, fd: program ?? -1, expected });
  // The process ends right after it, which closes all descriptors.
  await set(replaces === null ? null : openProgram(replaces));
}

async function filter(order: EgressOrder, program: number | null): Promise<void> {
  const { ifindex } = order;
  if (order.egress === 'add')
    await addFilter(ask, {
      ifindex,
      fd: program ?? -1,
      name: order.program.name,
      makesClsact: order.makesClsact,
    });
  else await takeOff(ifindex, order);
}

/**
 * The kernel deletes a qdisc with all its filters, also those of others. So this deletes our filter first, and then the qdisc
 * if it is empty. The kernel cannot do both in one step: a filter that is added between the last reading and the deletion is lost.
 */
async function takeOff(ifindex: number, { filter, withClsact }: EgressDeletion): Promise<void> {
  const filters = (hook: Hook) => readFilters(ask, ifindex, hook);
  // Somebody may have put another one in its place.
  const isThere = ({ priority, handle, programId }: Filter) =>
    priority === filter.priority && handle === filter.handle && programId === filter.programId;
  if ((await filters('egress')).some(isThere)) await deleteFilter(ask, ifindex, filter);
  if (!withClsact) return;
  const left = [...(await filters('ingress')), ...(await filters('egress'))];
  if (left.length === 0) await deleteClsact(ask, ifindex);
}

/** What an errno means for this call. */
const OWN_CODES: Readonly<Record<string, string>> = {
  EBUSY: 'foreign-program',
  EEXIST: 'foreign-program',
  ENODEV: 'gone',
  ENOTSUP: 'native-refused',
  ENOTSUPP: 'native-refused',
};

function hintFor(code: string, mode: XdpMode): string {
  switch (code) {
    case 'EBUSY':
    case 'EEXIST':
      return 'another program was attached in the meantime: see `locality-tune xdp status`';
    case 'ENODEV':
      return 'see `ip link`';
    case 'ENOTSUP':
    case 'ENOTSUPP':
      return mode === 'native' ? 'use --mode generic, which works on every driver' : 'see `ip -d link`';
    case 'EPERM':
      return 'loading needs CAP_BPF or CAP_SYS_ADMIN, attaching CAP_NET_ADMIN; a container may lack them';
    case 'EINVAL':
    case 'E2BIG':
      return 'this driver or kernel refuses the program: docs/xdp.md says what needs which kernel';
    default:
      return 'see docs/troubleshooting.md';
  }
}

function filterHint(code: string): string {
  switch (code) {
    case 'EEXIST':
      return 'somebody added a clsact qdisc in the meantime: try again';
    case 'ENOENT':
    case 'ENOTSUP':
      return 'the kernel needs the modules sch_ingress and cls_bpf (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)';
    default:
      return hintFor(code, 'native');
  }
}

say({ stage: 'started' });
void carryOut(JSON.parse(readFileSync(0).toString()) as Order | EgressOrder);
