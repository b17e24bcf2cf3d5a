import { describe, expect, it } from 'vitest';
import { type Capabilities, hooksOf, obstacle } from '../../src/measure/capabilities.ts';
import { ANY } from '../../src/measure/filter.ts';
import { type SkbOptions, skbVariants } from '../../src/measure/skb-question.ts';
import type { Btf } from '../../src/system/btf.ts';

const EVERYTHING: Btf = {
  hasFunction: () => true,
  hasTracepoint: () => true,
  hasMember: () => true,
  memberOffset: () => 0,
};
const stock: Capabilities = { bpftrace: { major: 0, minor: 23 }, kprobes: true, btf: EVERYTHING };

const variantsFor = (capabilities: Capabilities, options: Partial<SkbOptions> = {}) =>
  skbVariants(ANY, 1, { by: 'use', toDriver: false, ...options }, capabilities);
const ways = (capabilities: Capabilities, by: 'use' | 'free' = 'use') =>
  variantsFor(capabilities, { by }).flatMap((variant) =>
    obstacle(variant, capabilities) === null ? [variant.name] : [],
  );

describe('the ways to count packets', () => {
  it('all work on a stock kernel, the cheapest first', () => {
    const all = ['fentry', 'kprobe', 'rawtracepoint', 'tracepoint', 'incoming-cpu'];
    expect(ways(stock)).toEqual(all);
    expect(ways({ ...stock, btf: null })).toEqual(all);
    expect(ways(stock, 'free')).toEqual(['fentry', 'tracepoint']);
  });

  it('use no raw tracepoint with bpftrace 0.17, but fentry', () => {
    const old: Capabilities = { ...stock, bpftrace: { major: 0, minor: 17 } };
    expect(ways(old)).toEqual(['fentry', 'kprobe', 'tracepoint', 'incoming-cpu']);
    const [fentry] = variantsFor(old);
    expect(hooksOf(fentry?.program ?? '').map(({ type }) => type)).not.toContain('rawtracepoint');
  });

  it('need kprobes, functions, tracepoints, alloc_cpu', () => {
    expect(ways({ ...stock, kprobes: false })).toEqual(['fentry', 'rawtracepoint', 'tracepoint']);
    const without = (lacking: Partial<Btf>) => ways({ ...stock, btf: { ...EVERYTHING, ...lacking } });
    expect(without({ hasFunction: () => false })).toEqual(['rawtracepoint', 'tracepoint']);
    expect(without({ hasTracepoint: (name) => name !== 'sk_data_ready' })).toEqual([
      'fentry',
      'kprobe',
      'incoming-cpu',
    ]);
    expect(without({ hasMember: (path) => path !== 'sk_buff.alloc_cpu' })).toEqual(['incoming-cpu']);
  });

  it('leave out packets that are returned to be freed, if the kernel does that and shows it', () => {
    const of = (btf: Btf | null) => variantsFor({ ...stock, btf }).map(({ program }) => program);
    const asks = (program: string) => /\$flush = kaddr\("skb_defer_free_flush"\);/.test(program);
    expect(of(EVERYTHING).map(asks)).toEqual([true, true, true, true, false]);
    expect(of(EVERYTHING).some((program) => program.includes('(uint64)0;'))).toBe(false);
    for (const btf of [
      null,
      { ...EVERYTHING, hasFunction: () => false },
      { ...EVERYTHING, hasMember: () => false },
    ])
      expect(of(btf).map(asks)).toEqual([false, false, false, false, false]);
  });

  it('say why they cannot run', () => {
    const [fentry, kprobe] = variantsFor(stock);
    const why = (variant: typeof fentry, capabilities: Partial<Capabilities>) =>
      variant === undefined ? null : obstacle(variant, { ...stock, ...capabilities });
    expect(why(fentry, { bpftrace: { major: 0, minor: 17 } })).toBe('bpftrace 0.17 has no raw tracepoints');
    expect(why(kprobe, { kprobes: false })).toBe('the kernel has no kprobes');
    const old = { ...EVERYTHING, hasFunction: (name: string) => name !== 'skb_attempt_defer_free' };
    expect(why(fentry, { btf: old })).toBe('the kernel has no function skb_attempt_defer_free');
    expect(why(fentry, { btf: { ...EVERYTHING, hasMember: () => false } })).toBe(
      'the kernel has no sk_buff.alloc_cpu',
    );
  });

  it('also print packets handed to the driver, if requested', () => {
    for (const { program } of (['use', 'free'] as const).flatMap((by) =>
      variantsFor(stock, { by, toDriver: true }),
    )) {
      expect(program).toMatch(/\tprint\(@driver\);\n\ttime\(/);
      expect(hooksOf(program)).toContainEqual({ type: 'tracepoint', name: 'net_dev_start_xmit' });
    }
  });
});

describe('the hooks of a probe', () => {
  it('are read from its text, syscalls apart', () => {
    const program = `BEGIN { }
tracepoint:syscalls:sys_enter_accept,
tracepoint:skb:consume_skb,
tracepoint:skb:kfree_skb
/$1 == 0/ { }
kfunc:__kfree_skb { } kretfunc:not_at_the_start { }
rawtracepoint:consume_skb { }
 * kprobe:in_a_comment`;
    expect(hooksOf(program)).toEqual([
      { type: 'tracepoint', name: 'consume_skb' },
      { type: 'tracepoint', name: 'kfree_skb' },
      { type: 'kfunc', name: '__kfree_skb' },
      { type: 'rawtracepoint', name: 'consume_skb' },
    ]);
  });
});
