import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { startSession } from '../../src/measure/session.ts';
import type { Interval, ProbeVariant, Question, SessionOptions } from '../../src/measure/types.ts';

const variant = (
  name: string,
  body: string,
  fields: readonly string[] = [],
  milliseconds = 200,
): ProbeVariant => ({
  name,
  program: `BEGIN { printf("Tracing ...\\n"); @n[pid, 1] = count(); printf("%s\\n", str($3)); } ${body}\ninterval:ms:${milliseconds} { print(@n); time(); }`,
  fields,
  notes: [],
});
const works = variant('works', '');
const question: Question = {
  variants: [works],
  parameters: ['0', '0', 'hello'],
  seconds: 0.2,
  keys: 4_096,
};
const slow: Question = { ...question, variants: [variant('slow', '', [], 60_000)], seconds: 60 };
const options: SessionOptions = { count: null, signal: new AbortController().signal };

async function all(intervals: AsyncIterable<Interval>): Promise<Interval[]> {
  const seen: Interval[] = [];
  for await (const interval of intervals) seen.push(interval);
  return seen;
}

const children = (): string => {
  try {
    return execFileSync('pgrep', ['--parent', String(process.pid), 'bpftrace'], { encoding: 'utf8' });
  } catch {
    return '';
  }
};

describe('a session', () => {
  it('skips what the kernel lacks, ends after its count, and leaves nothing running', async () => {
    const lines: string[] = [];
    const {
      variant: chosen,
      passedOver,
      intervals,
    } = await startSession(
      {
        ...question,
        variants: [
          variant('tracepoint', '\ntracepoint:skb:no_such_thing { @n[0, 0] = count(); }'),
          variant('field', '', ['sk_buff.no_such_thing']),
          variant('syscall', '\ntracepoint:syscalls:sys_enter_no_such_thing { @n[0, 0] = count(); }'),
          works,
        ],
      },
      { ...options, count: 2, onLine: (line) => lines.push(line) },
    );
    expect(chosen.name).toBe('works');
    expect(passedOver).toEqual([
      'tracepoint: the kernel has no tracepoint no_such_thing',
      'field: the kernel has no sk_buff.no_such_thing',
      expect.stringMatching(/^syscall: the kernel has no tracepoint syscalls:sys_enter_no_such_thing/),
    ]);
    const seen = await all(intervals);
    expect(seen.map(({ counts }) => [...(counts.get('n')?.values() ?? [])])).toEqual([[1], []]);
    expect(lines).toEqual(['hello']);
    expect(children()).toBe('');
    expect(getEventListeners(options.signal, 'abort')).toEqual([]);
  });

  it('fails with what the last variant lacks', async () => {
    const syscall = variant(
      'other',
      '\ntracepoint:syscalls:sys_enter_no_other_thing { @n[0, 0] = count(); }',
    );
    await expect(startSession({ ...question, variants: [syscall] }, options)).rejects.toMatchObject({
      code: 'tracepoint-missing',
      message: 'the kernel has no tracepoint syscalls:sys_enter_no_other_thing',
    });
    const field = variant('field', '', ['sk_buff.no_such_thing']);
    await expect(startSession({ ...question, variants: [field] }, options)).rejects.toMatchObject({
      code: 'no-variant',
    });
  });

  it('gives its last interval when it is aborted', async () => {
    const abort = new AbortController();
    const { intervals } = await startSession(slow, { ...options, signal: abort.signal });
    abort.abort();
    const [last, ...more] = await all(intervals);
    expect([...(last?.counts.get('n')?.values() ?? [])]).toEqual([1]);
    expect(more).toEqual([]);
    expect(last?.seconds).toBeLessThan(60);
  });

  it('does not wait for a start that was aborted, and says that nothing was counted', async () => {
    const abort = new AbortController();
    const starting = startSession(slow, { ...options, signal: abort.signal });
    await vi.waitUntil(() => children() !== '', { timeout: 60_000 });
    abort.abort();
    const { intervals } = await starting;
    expect(children()).toBe('');
    const began = performance.now();
    const [last, ...more] = await all(intervals);
    expect(last).toMatchObject({ counts: new Map(), lost: 0 });
    // Not since the start.
    expect(last?.seconds).toBeLessThanOrEqual((performance.now() - began) / 1000);
    expect(more).toEqual([]);
  });

  it('says the same if it was aborted before it began', async () => {
    const { intervals } = await startSession(question, { ...options, signal: AbortSignal.abort() });
    expect((await all(intervals)).map(({ counts }) => counts.size)).toEqual([0]);
    expect(children()).toBe('');
  });

  it('ends its probe when its reader stops', async () => {
    const { intervals } = await startSession(question, options);
    for await (const _ of intervals) break;
    expect(children()).toBe('');
  });
});
