import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptScript } from '../../probes/accept.ts';
import { SCRIPTS } from '../../probes/scripts.ts';
import { skbScript } from '../../probes/skb.ts';
import { skbFreeScript } from '../../probes/skb-free.ts';
import { slotsScript } from '../../probes/slots.ts';
import { BY_HAND, holesFor } from '../../probes/text.ts';
import { udpScript } from '../../probes/udp.ts';

const scripts = [...SCRIPTS].map(([name, text]) => ({ name, text }));

/** Without comments and strings. */
const codeOf = (text: string): string => text.replace(/\/\*.*?\*\//gs, '').replace(/"[^"]*"/g, '""');

/** What is obvious where it stands: none, one, the bits of an argument. */
const UNNAMED = new Set(['0', '1', '8', '16', '0xff', '0xffff', '0x7fff']);

describe.each(scripts)('$name', ({ name, text }) => {
  const [header = ''] = text.split(' */\n', 1);

  it('says in its header what it answers and how to run it, in lines that fit', () => {
    const [, title = '', blank] = header.split('\n');
    expect(title).toMatch(new RegExp(`^ \\* ${name.replaceAll('.', '\\.')} - .+[?.]$`));
    expect(blank).toBe(' *');
    expect(header).toContain(` *\n * Example of usage:\n *\n * # bpftrace ${name}`);
    for (const line of header.split('\n')) expect(line.length).toBeLessThan(80);
    expect(header).toContain('BTF');
  });

  it('has a name for each number, and uses each name', () => {
    const code = codeOf(text);
    const defined = Array.from(code.matchAll(/^#define (\w+) (\w+)$/gm), ([, known = '']) => known);
    const body = code.replace(/^#define .*$/gm, '');
    expect(new Set(defined).size).toBe(defined.length);
    for (const known of defined) expect(body).toMatch(new RegExp(`\\b${known}\\b`));
    const names = body.match(/(?<![\w$@>])[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? [];
    expect(names.filter((each) => !defined.includes(each))).toEqual([]);
    // bpftrace takes no name there.
    const numbers = body.replace(/unroll\(\d+\)/g, '').match(/(?<![\w$.@])(?:0x[0-9a-f]+|\d+)\b/g) ?? [];
    expect(numbers.filter((each) => !UNNAMED.has(each))).toEqual([]);
  });

  it('is whole', () => {
    expect(text).not.toMatch(/undefined|\bnull;|\[object|\$\{/);
    const count = (char: string) => codeOf(text).split(char).length;
    for (const [open = '', close = ''] of ['{}', '()', '[]']) expect(count(open)).toBe(count(close));
    expect(text).toMatch(/^\/\*\n.*\n}\n$/s);
  });
});

const PROBES = [
  ...(['fentry', 'kfunc', 'kprobe', 'rawtracepoint', 'tracepoint', 'incoming-cpu'] as const).map(
    (name) => (holes: typeof BY_HAND) => skbScript(name, { ...holes, flushes: false, toDriver: false }),
  ),
  ...(['fentry', 'tracepoint'] as const).map((name) => (holes: typeof BY_HAND) => acceptScript(name, holes)),
  ...(['fentry', 'kprobe', 'tracepoint'] as const).map(
    (name) => (holes: typeof BY_HAND) => udpScript(name, holes),
  ),
];

describe('the holes', () => {
  it('are all that differs between what runs and what people run by hand', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROBES),
        fc.double({ min: 0.05, max: 3600, noNaN: true }),
        fc.option(fc.string({ minLength: 1 })),
        (probe, seconds, comm) => {
          const holes = holesFor(seconds, comm);
          const text = probe(holes);
          expect(text.match(/^interval:.*$/gm)).toEqual([`interval:ms:${Math.round(seconds * 1000)}`]);
          expect(text).not.toContain('str($3) == ""');
          // A name is a parameter, and never a part of the text.
          expect(text).toContain(`${comm === null ? '1 == 1' : '0 == 1'} || comm == str($3)`);
          const byHand = text
            .replace(`interval:${holes.interval}`, `interval:${BY_HAND.interval}`)
            .replaceAll(holes.anyComm, BY_HAND.anyComm);
          expect(byHand).toBe(probe(BY_HAND));
        },
      ),
    );
  });

  it('count what is handed to the driver with the rest', () => {
    const holes = { ...BY_HAND, flushes: true, toDriver: true };
    for (const text of [skbScript('kprobe', holes), skbFreeScript('fentry', holes)]) {
      expect(text).toContain('tracepoint:net:net_dev_start_xmit\n');
      expect(text).toContain('\tprint(@tx);\n\tprint(@driver);\n\ttime();\n');
    }
  });

  it('leave out of the slots probe what the kernel lacks', () => {
    const lacking = slotsScript({ incomingCpu: false, udpReads: false });
    expect(codeOf(lacking)).not.toContain('$r->incoming_cpu');
    expect(lacking).toContain('(int64)-1, (uint64)$kern->len');
    expect(slotsScript({ incomingCpu: true, udpReads: true })).toContain('@packets[');
  });
});
