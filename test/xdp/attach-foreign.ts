/** attach-foreign.ts IFINDEX [MODE [NAME]]: attaches `return XDP_PASS` under a name of others, and leaves it there. */
import { loadProgram, PROGRAM_TYPE } from '../../src/system/bpf.ts';
import { native } from '../../src/system/native.ts';
import { NETLINK_ROUTE } from '../../src/system/netlink.ts';
import { setXdp } from '../../src/system/xdp-link.ts';

// Before Linux 5.11 programs count as locked memory.
native().unlimitMemlock();
// r0 = 2; exit
const instructions = Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
const fd = loadProgram({
  name: process.argv[4] ?? 'somebody_elses',
  type: PROGRAM_TYPE.xdp,
  attachType: 0,
  instructions,
});
await setXdp((request) => native().netlinkRequest(NETLINK_ROUTE, request), {
  ifindex: Number(process.argv[2]),
  mode: process.argv[3] === 'native' ? 'native' : 'generic',
  fd,
  expected: null,
});
