/** Counters of tracepoints, by known numbers of events. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { cpus } from 'node:os';
import { expect, it } from 'vitest';
import { countTracepoint, tracepointIds } from '../../src/system/tracepoint-counter.ts';

const all = cpus().map((_, cpu) => cpu);

it('counts 23 accepted connections as 23, and none of another port', async () => {
  const [state = 0] = await tracepointIds(['sock/inet_sock_set_state']);
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = (of: number) => `sport == ${of} && protocol == 6 && oldstate == 3 && newstate == 1`;
  const counter = countTracepoint(state, all, () => accepted(port));
  const other = countTracepoint(state, all, () => accepted(1));
  try {
    for (let made = 0; made < 23; made++) {
      const client = connect(port, '127.0.0.1').resume();
      await once(client, 'close');
    }
    expect(counter.read()).toBe(23);
    expect(other.read()).toBe(0);
  } finally {
    counter.close();
    other.close();
    server.close();
  }
});

it('names the system call of what fails, and leaves nothing open', async () => {
  const [state = 0] = await tracepointIds(['sock/inet_sock_set_state']);
  expect(() => countTracepoint(state, all, () => 'nonsense == 1')).toThrow(
    /^PERF_EVENT_IOC_SET_FILTER: EINVAL/,
  );
  expect(() => countTracepoint(state, [99_999], () => '')).toThrow(/^perf_event_open: /);
  await expect(tracepointIds(['sock/no_such_tracepoint'])).rejects.toMatchObject({ code: 'no-tracefs' });
});
