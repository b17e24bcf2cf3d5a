import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  askControl,
  type ControlServer,
  type Handler,
  serveControl,
} from '../../src/system/control-socket.ts';
import { failure } from '../../src/system/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-control-'));
const path = join(folder, 'watch', 'x.sock');
const servers: ControlServer[] = [];
const children: ChildProcess[] = [];
const serve = async (handler: Handler, at = path) => {
  const server = await serveControl(at, handler);
  servers.push(server);
  return server;
};

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Serves the socket until it is killed, or stopped. */
async function another(at = path): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve-control.ts'), at], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

/** What the server says to these bytes until it ends the connection, or has answered `answers` times. */
async function raw(bytes: string | Uint8Array, answers: number): Promise<string[]> {
  const socket = connect(path);
  socket.write(bytes);
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.split('\n').length > answers) break;
  }
  return text.trim().split('\n');
}

describe('a control socket', () => {
  it('answers, in order, and passes on errors', async () => {
    await serve(async (request) => {
      if (request === 'no') throw failure('paused', 'it is paused', 'resume it');
      if (request === 'bug') throw new TypeError('x is not a function');
      return { got: request };
    });
    expect(await askControl(path, { pause: 30 })).toEqual({ got: { pause: 30 } });
    await expect(askControl(path, 'no')).rejects.toMatchObject({
      code: 'paused',
      message: 'it is paused',
      hint: 'resume it',
    });
    await expect(askControl(path, 'bug')).rejects.toMatchObject({
      code: 'bug',
      message: 'x is not a function',
    });
    expect(await raw('1\n2\n3\n', 3)).toEqual(['1', '2', '3'].map((each) => `{"answer":{"got":${each}}}`));
  });

  it('refuses what is no JSON, and a line that is too long', async () => {
    await serve(() => null);
    expect(await raw('{]\n"x"\n', 2)).toEqual([
      '{"error":{"code":"bad-request","message":"the request is no JSON","hint":""}}',
      '{"answer":null}',
    ]);
    const [answer] = await raw(Buffer.alloc(1 << 17, 0x20), 2);
    expect(JSON.parse(answer ?? '').error.code).toBe('too-large');
  });

  it('is closed to others, and leaves nothing behind', async () => {
    const server = await serve(() => null);
    expect(statSync(join(folder, 'watch')).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    expect(readdirSync(join(folder, 'watch'))).toEqual([]);
    await expect(askControl(path, 1)).rejects.toMatchObject({ code: 'not-running' });
    await expect(askControl(join(folder, 'none', 'x'), 1)).rejects.toMatchObject({ code: 'not-running' });
  });

  it('is served in no folder that others can enter', async () => {
    const open = mkdtempSync(join(folder, 'open-'));
    chmodSync(open, 0o755);
    await expect(serve(() => null, join(open, 'x'))).rejects.toMatchObject({ code: 'not-trusted' });
    expect(readdirSync(open)).toEqual([]);
  });

  it('is served by one process only', async () => {
    await serve(() => 'mine');
    await expect(serve(() => 'yours')).rejects.toMatchObject({ code: 'busy' });
    expect(await askControl(path, 1)).toBe('mine');
  });

  it('of a process that was killed is served by the next', async () => {
    const other = await another();
    await expect(serve(() => 'mine')).rejects.toMatchObject({ code: 'busy' });
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(existsSync(path)).toBe(true);
    await expect(askControl(path, 1)).rejects.toMatchObject({ code: 'not-running' });
    await serve(() => 'mine');
    expect(await askControl(path, 1)).toBe('mine');
  });

  it('of a process that is stopped does not answer', async () => {
    const other = await another();
    other.kill('SIGSTOP');
    await expect(askControl(path, 1, 200)).rejects.toMatchObject({ code: 'silent' });
  });
});
