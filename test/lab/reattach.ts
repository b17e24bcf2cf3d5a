/**
 * Runs inside a guest: reattach.ts COUNT SIZE PID:FD…: `cpu`, `rand` and no program, in turn on the groups of SIZE that these
 * sockets are in, COUNT times at the tool's own pace, in one process: an emulated machine takes a second to start one.
 */
import { encode } from '../../src/cbpf/instruction.ts';
import { generate } from '../../src/cbpf/programs.ts';
import { throttle } from '../../src/steer/throttle.ts';
import { withForeignSocket } from '../../src/system/foreign-socket.ts';
import { attachCbpf, detachProgram } from '../../src/system/sockets.ts';

const [count, modulus = Number.NaN] = process.argv.slice(2, 4).map(Number);
const sockets = process.argv.slice(4).map((each) => each.split(':').map(Number));
const programs = [
  encode(generate({ name: 'cpu', size: modulus })),
  encode(generate({ name: 'rand', size: modulus })),
  null,
];

for (let done = 0; done < (count ?? 0); done++) {
  const program = programs[Math.floor(done / sockets.length) % programs.length] ?? null;
  const [pid = 0, fd = 0] = sockets[done % sockets.length] ?? [];
  await throttle();
  withForeignSocket(pid, fd, (copy) => (program === null ? detachProgram(copy) : attachCbpf(copy, program)));
}
