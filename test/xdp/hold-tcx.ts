/** hold-tcx.ts IFINDEX: a program on the way out by tcx, as long as its input is open. Prints `ready`. */
import { readFileSync } from 'node:fs';
import { loadProgram, PROGRAM_TYPE } from '../../src/system/bpf.ts';
import { native } from '../../src/system/native.ts';

const LINK_CREATE = 28;
const TCX_EGRESS = 47;
// r0 = -1 (the next one decides); exit
const instructions = Uint8Array.of(0xb7, 0, 0, 0, 255, 255, 255, 255, 0x95, 0, 0, 0, 0, 0, 0, 0);
const fd = loadProgram({ name: 'first', type: PROGRAM_TYPE.schedCls, attachType: 0, instructions });
const attr = new Uint8Array(64);
const view = new DataView(attr.buffer);
for (const [at, value] of [fd, Number(process.argv[2]), TCX_EGRESS].entries())
  view.setInt32(4 * at, value, true);
native().bpf(LINK_CREATE, [attr], []);
console.log('ready');
readFileSync(0);
