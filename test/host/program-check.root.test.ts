/** Slots that are read without bpftrace are those that bpftrace reads. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { map } from '../../src/cbpf/programs.ts';
import { readSlotsOf } from '../../src/host/known-slots.ts';
import { createProgramCheck } from '../../src/host/program-check.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { type SocketProcess, startSockets } from './sockets.ts';

const system = { files: openFiles('/'), kernel: openKernel() };
const check = createProgramCheck();
let server: SocketProcess;
beforeAll(async () => {
  await assertBpfAnswers();
  server = startSockets();
});
afterAll(() => {
  check.close();
  server?.stop();
});

it('after sockets have come and gone, as long as the program is the same', async () => {
  const first = await server.open('tcp', '127.0.0.1', 0, 4);
  const [a, b, c] = first.map(({ inode }) => inode);
  const port = first[0]?.port ?? 0;
  const byBpftrace = async () => {
    const { known, addresses } = await readSlotsOf(system, 'x86_64', port);
    return { addresses, slots: known.get(`tcp 127.0.0.1:${port}`)?.sockets.map(({ inode }) => inode) };
  };
  const listed = async () =>
    (await system.kernel.sockets()).filter((each) => each.port === port).map(({ inode }) => inode);
  await server.attach(a ?? 0, map(new Map([[0, 1]])));
  check.expect((await byBpftrace()).addresses);
  expect(check.why).toBeNull();

  await server.close(b ?? 0);
  await server.open('tcp', '127.0.0.1', port, 3);
  await server.close(a ?? 0);
  const found = check.slotsOf(await listed());
  expect(found).toHaveLength(5);
  expect(found).toEqual((await byBpftrace()).slots);

  await server.attach(c ?? 0, map(new Map([[1, 0]])));
  expect(check.slotsOf(await listed())).toBeNull();
});
