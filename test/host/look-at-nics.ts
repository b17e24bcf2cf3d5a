/** Prints this network namespace's NICs; run inside of one. */
import { readInterrupts } from '../../src/host/interrupts.ts';
import { readNics } from '../../src/host/nics.ts';
import { readMachine } from '../../src/host/topology.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

const system = { files: openFiles('/'), kernel: openKernel() };
const interrupts = readInterrupts(system.files);
const machine = await readMachine(system, interrupts);
console.log(JSON.stringify(await readNics(system, machine, interrupts)));
