/** A number of the user's own for each round: by commands and a server that really run. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NumberSource, ownNumber } from '../../src/prove/own-number.ts';

const never = new AbortController().signal;
const ask = async (source: NumberSource, seconds = 5) => {
  const number = ownNumber(source);
  const value = await number.begin(seconds, never)();
  return { value, notes: number.notes() };
};
const command = (...words: [string, ...string[]]): NumberSource => ({ kind: 'command', words });

describe('--command', () => {
  it('gives the number that it prints, and passes its words without a shell', async () => {
    expect(await ask(command('echo', '12.5'))).toEqual({ value: 12.5, notes: [] });
    expect(await ask(command('echo', '$((1', '+', '1))'))).toEqual({
      value: null,
      notes: ['--command gave no number once: it gave "$((1 + 1))"'],
    });
  });

  it('says why there is none', async () => {
    expect((await ask(command('false'))).notes).toEqual(['--command gave no number once: it ended with 1']);
    expect((await ask(command('/nowhere/p99'))).notes).toEqual([
      '--command gave no number once: /nowhere/p99 could not be started: ENOENT',
    ]);
    expect((await ask(command('sleep', '60'), 0.2)).notes).toEqual([
      '--command gave no number once: it took longer than the 0.2 s of a round',
    ]);
  });

  it('counts the rounds without one', async () => {
    const number = ownNumber(command('false'));
    for (let round = 0; round < 3; round++) await number.begin(1, never)();
    expect(number.notes()).toEqual(['--command gave no number 3 times: it ended with 1']);
  });
});

describe('--url', () => {
  let answer = '7';
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end(answer));
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => new Promise((closed) => server.close(closed)));

  it('is asked at the end of the round', async () => {
    const end = ownNumber({ kind: 'url', url }).begin(5, never);
    answer = '8.25\n';
    expect(await end()).toBe(8.25);
  });

  it('says why there is no number', async () => {
    answer = '<html>';
    expect((await ask({ kind: 'url', url })).notes).toEqual(['--url gave no number once: it gave "<html>"']);
    status = 500;
    expect((await ask({ kind: 'url', url })).notes).toEqual(['--url gave no number once: HTTP status 500']);
    expect((await ask({ kind: 'url', url: 'http://127.0.0.1:1/' })).value).toBeNull();
  });
});
