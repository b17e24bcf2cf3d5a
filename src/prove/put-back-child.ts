/** The child of put-back.ts: see there. Its stdin ends when its parent does. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { decode } from '../cbpf/instruction.ts';
import { setGroupProgram } from '../steer/set-program.ts';
import { DISMISSED, type PutBackOrder, READY } from './put-back.ts';

// Who ends a whole process group must not end it before it has done its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let order: PutBackOrder | null = null;
let isDismissed = false;

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === DISMISSED) isDismissed = true;
  else {
    order = JSON.parse(line) as PutBackOrder;
    writeSync(1, `${READY}\n`);
  }
});
lines.once('close', async () => {
  if (order === null || isDismissed) return;
  const { cookie, program, ...member } = order;
  await setGroupProgram(
    { ...member, cookie: BigInt(cookie) },
    program === null ? null : decode(Buffer.from(program, 'base64')),
  );
});
