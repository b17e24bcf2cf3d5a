import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, parseAnswer } from '../../src/host/slot-probe.ts';

/** As the printf of probes/slots.bt prints it. */
const format = (answer: Answer) =>
  `slot ${answer.token} ${answer.index} ${answer.asked} ${answer.size} ${answer.program === 'none' ? 0 : 1} ` +
  `${answer.program === 'cbpf' ? 0 : 1} ${answer.withIncomingCpu} ${answer.length} ${answer.inode} ` +
  `${answer.incomingCpu} ${answer.word.toString(16)} ${answer.address} ${answer.group} ${answer.name}\n`;

describe('an output line of slots.bt', () => {
  it('is read back', () => {
    const answer: fc.Arbitrary<Answer> = fc.record({
      token: fc.nat(0x7fff),
      index: fc.nat(0xffff),
      asked: fc.nat(),
      size: fc.nat(32768),
      program: fc.constantFrom('none', 'cbpf', 'ebpf'),
      withIncomingCpu: fc.integer({ min: -1, max: 32768 }),
      length: fc.nat(4096),
      inode: fc.nat(),
      incomingCpu: fc.integer({ min: -1, max: 8191 }),
      word: fc.bigInt(0n, 2n ** 64n - 1n),
      address: fc.bigInt(0n, 2n ** 64n - 1n).map((value) => value.toString(16)),
      group: fc.bigInt(0n, 2n ** 64n - 1n).map((value) => value.toString(16)),
      name: fc.stringMatching(/^[\w.]{0,15}$/),
    });
    fc.assert(
      fc.property(answer, (each) => {
        expect(parseAnswer(format(each))).toEqual(each);
      }),
    );
  });

  it('has no SO_INCOMING_CPU in either sign', () => {
    const line = 'slot 0 0 7 1 0 1 0 0 7 4294967295 0 0 0 \n';
    expect(parseAnswer(line)?.incomingCpu).toBe(-1);
    expect(parseAnswer(line.replace('4294967295', '-1'))?.incomingCpu).toBe(-1);
  });

  it('is null for anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => parseAnswer(text) === null));
  });
});
