import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainExit, parseMessage } from '../../src/system/bpftrace-output.ts';

describe('the output of bpftrace', () => {
  it('is JSON lines, of which printf and maps are used', () => {
    expect(parseMessage('{"type": "printf", "data": "ready\\n"}')).toEqual({
      type: 'printf',
      data: 'ready\n',
    });
    expect(parseMessage('{"type": "map", "data": {"@packets": {"7": 23}}}')).toEqual({
      type: 'map',
      data: { '@packets': { 7: 23 } },
    });
    expect(parseMessage('{"type": "time", "data": "01:54:09\\n"}')).toEqual({
      type: 'time',
      data: '01:54:09\n',
    });
    expect(parseMessage('{"type": "lost_events", "data": {"events": 23}}')).toEqual({
      type: 'lost',
      data: 23,
    });
    expect(parseMessage('{"type": "attached_probes", "data": {"probes": 3}}')).toBeNull();
    expect(parseMessage('')).toBeNull();
  });

  it('loses an update when a map is full, and nothing by another error of a helper', () => {
    const error = (retcode: number) =>
      `{"type": "helper_error", "msg": "", "helper": "x", "retcode": ${retcode}}`;
    expect(parseMessage(error(-7))).toEqual({ type: 'lost', data: 1 });
    expect(parseMessage(error(-2))).toBeNull();
  });

  it('is garbled if it begins like JSON and is not', () => {
    expect(parseMessage('{"type": "map", "data": {"@rx')).toEqual({
      type: 'garbled',
      data: '{"type": "map", "data": {"@rx',
    });
  });

  it('may be any text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((text) => `{${text}`),
    );
    fc.assert(fc.property(line, (text) => parseMessage(text) === null || text.startsWith('{')));
  });
});

describe('what bpftrace prints when it gives up', () => {
  const memlock =
    'ERROR: Unknown error -1: couldn\'t set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem\n';

  it.each([
    [
      'stdin:1:1-40: ERROR: tracepoint not found: sock:sock_recv_length',
      'tracepoint-missing',
      /sock:sock_recv_length$/,
    ],
    [
      "stdin:62:17-33: ERROR: Struct/union of type 'struct sock_reuseport' does not contain a field named 'incoming_cpu'",
      'field-missing',
      /incoming_cpu$/,
    ],
    ['ERROR: bpftrace currently only supports running as the root user.', 'EPERM', /refused/],
    [
      'ERROR: Error loading BPF program for rawtracepoint_vmlinux_sk_data_ready_3. Error code: -13 (Permission denied). Use -v for full kernel error log.',
      'probe-refused',
      /rawtracepoint_vmlinux_sk_data_ready_3$/,
    ],
    ['ERROR: Error loading program: syscalls', 'bpftrace-failed', /Error loading program: syscalls$/],
  ])('%s', (line, code, message) => {
    const error = explainExit(`${memlock}stdin:45:59-60: WARNING: Addrspace mismatch\n${line}\n`);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is the signal that ended it, if it prints nothing', () => {
    expect(explainExit(memlock, 'SIGKILL')).toMatchObject({
      code: 'bpftrace-killed',
      message: 'bpftrace was killed by SIGKILL',
    });
  });

  it('is never a harmless line', () => {
    expect(explainExit(memlock).message).toBe('bpftrace failed: it ended without a message');
  });
});
