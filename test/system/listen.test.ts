/** The thread of native/listen.cc. */
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { native } from '../../src/system/native.ts';

const NOTHING = new Uint8Array();
const RTNLGRP_LINK = Buffer.from(Uint32Array.of(1).buffer);

type Call = readonly [fd: number, bytes: Uint8Array | null, errno: number, ended: boolean];

/** All calls until a descriptor is given up. */
function untilEnded(
  sockets: readonly number[],
  groups: readonly number[],
  sets: readonly number[] = [],
): Promise<Call[]> {
  const calls: Call[] = [];
  return new Promise((resolve) => {
    const stop = native().listen(sockets, groups, sets, (...call) => {
      calls.push(call);
      if (!call[3]) return;
      stop();
      resolve(calls);
    });
    // The thread alone keeps no process alive.
    setTimeout(() => {}, 1_000);
  });
}

it('gives up a descriptor that is not open', async () => {
  expect(await untilEnded([1 << 20], [])).toEqual([[1 << 20, null, -9, true]]);
});

it('gives up what is neither netlink nor fanotify nor epoll, and does not turn in circles', async () => {
  const fd = openSync('/dev/null', 'r');
  const [first, ...others] = await untilEnded([fd], []);
  expect(first).toEqual([fd, null, -88, false]);
  expect(others).toHaveLength(15);
  // Its end is read again and again.
  expect(await untilEnded([], [fd])).toHaveLength(16);
  expect(await untilEnded([], [], [fd])).toHaveLength(16);
  closeSync(fd);
});

it('stops at any moment, also twice, and says nothing afterwards', async () => {
  for (let round = 0; round < 50; round++) {
    const fd = native().netlinkJoin(0, RTNLGRP_LINK, NOTHING);
    let stopped = false;
    const stop = native().listen([fd, 1 << 20], [], [], () => {
      expect(stopped).toBe(false);
    });
    if (round % 2 === 0) await setImmediate();
    stop();
    stopped = true;
    stop();
    native().close(fd);
  }
  await setImmediate();
});

it('refuses a group that the kernel does not have, and a filter that it does not load', () => {
  const join = (groups: Uint8Array, filter: Uint8Array) => () => native().netlinkJoin(0, groups, filter);
  expect(join(Buffer.from(Uint32Array.of(9_999).buffer), NOTHING)).toThrow(/^setsockopt: EINVAL/);
  expect(join(RTNLGRP_LINK, new Uint8Array(8))).toThrow(/^setsockopt: EINVAL/);
  expect(join(new Uint8Array(3), NOTHING)).toThrow(/^setsockopt: EINVAL/);
});
