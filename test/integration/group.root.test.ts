import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { childOf } from '../xdp/children.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson, ENTRY } from './cli.ts';

const HOST = '127.0.0.1';

function mySocketInodes(): Set<number> {
  const links = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  return new Set(links.flatMap((link) => (link.startsWith('socket:[') ? [Number(link.slice(8, -1))] : [])));
}

/** Opens one more member; the inode that is new afterwards is its own. */
async function join(port: number): Promise<{ server: Server; inode: number; port: number }> {
  const before = mySocketInodes();
  const server = createServer();
  server.listen({ host: HOST, port, reusePort: true });
  await once(server, 'listening');
  const [inode] = [...mySocketInodes()].filter((one) => !before.has(one));
  const address = server.address();
  if (inode === undefined || address === null || typeof address === 'string') throw new Error('no socket');
  return { server, inode, port: address.port };
}

describe('a group whose members come and go', () => {
  const members: Awaited<ReturnType<typeof join>>[] = [];
  let port = 0;

  const groupNow = async (): Promise<Group> => {
    const { groups } = await cliJson<{ groups: Group[] }>('inspect', '--port', String(port));
    const [group] = groups;
    if (!group) throw new Error('no group');
    return group;
  };

  beforeAll(async () => {
    await assertBpfAnswers();
    for (let i = 0; i < 5; i++) {
      const member = await join(port);
      port = member.port;
      members.push(member);
    }
  });
  afterAll(() => {
    for (const { server } of members) server.close();
  });

  it('moves the last socket into the hole that one leaves, and adds the next one at the end', async () => {
    const [a, b, c, d, e] = members;
    expect((await groupNow()).sockets.map(({ inode }) => inode)).toEqual(members.map(({ inode }) => inode));
    b?.server.close();
    const f = await join(port);
    const group = await groupNow();
    expect(group.sockets.map(({ inode, slot }) => [slot, inode])).toEqual(
      [a, e, c, d, f].map((member, slot) => [slot, member?.inode]),
    );
    expect(group.sockets.every(({ slotSource }) => slotSource === 'kernel')).toBe(true);
    members.splice(0, members.length, ...[a, e, c, d, f].filter((member) => member !== undefined));
  });

  it('has the old or the new program when attach is killed, whenever that happens', async () => {
    const selector = ['--port', String(port)];
    await cliJson<Attached>('attach', '--yes', ...selector);
    const seen: (string | null | undefined)[] = [];
    // Spread over the run of the command, the moment of the system call among them.
    for (const [index, after] of [200, 1_000, 1_800, 2_600].entries()) {
      const wanted = index % 2 === 0 ? 'rand' : 'cpu';
      const child = spawn(process.execPath, [ENTRY, 'attach', '--yes', ...selector, '--program', wanted], {
        stdio: 'ignore',
      });
      const exit = once(child, 'exit');
      await sleep(after);
      child.kill('SIGKILL');
      await exit;
      const { program, size } = await groupNow();
      expect(size).toBe(5);
      seen.push(program?.name);
    }
    expect(seen.filter((name) => name !== 'cpu' && name !== 'rand')).toEqual([]);
  });

  it('gives up a call that does not come back, and says so', async () => {
    await cliJson<Attached>('attach', '--yes', '--port', String(port));
    const args = [ENTRY, 'attach', '--yes', '--port', String(port), '--program', 'hash', '--json'];
    const command = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exit = once(command, 'exit');
    const output = text(command.stdout);
    // A process that is stopped before its system call hangs as one that the kernel never answers.
    const caller = await childOf(command.pid ?? 0, 'set-program-child');
    process.kill(caller, 'SIGSTOP');
    const [code] = await exit;
    expect(code).toBe(1);
    expect(JSON.parse(await output)).toMatchObject({
      error: { code: expect.stringMatching(/^(?:kernel-hung|descriptor-silent|overloaded)$/) },
    });
    expect((await groupNow()).program?.name).toBe('cpu');
  });
});
