import fc from 'fast-check';
import { type Instruction, LEGAL } from '../../src/cbpf/instruction.ts';
import {
  type ParameterName,
  PROGRAM_NAMES,
  type ProgramParameters,
  type ProgramSpec,
  programNamed,
} from '../../src/cbpf/programs.ts';

const byte = fc.integer({ min: 0, max: 255 });
const word = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 0xffffffff }));

/** Eight random bytes. */
export const anyInstruction: fc.Arbitrary<Instruction> = fc.tuple(
  fc.integer({ min: 0, max: 0xffff }),
  byte,
  byte,
  word,
);

/** A legal code, jumps that stay short, operands that mean something now and then. */
export const likelyInstruction: fc.Arbitrary<Instruction> = fc.tuple(
  fc.constantFrom(...LEGAL),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 3 }),
  fc.oneof(
    word,
    fc.integer({ min: 0, max: 15 }).map((index) => 0xfffff000 + 4 * index),
  ),
);

const NO_K: ReadonlySet<number> = new Set([0x80, 0x81, 0x84, 0x07, 0x87, 0x16]);
const [ALU, JMP, X] = [4, 5, 8];

/** A program that bpf_check_classic() accepts, with zeros in the fields that it does not read. */
export const legalProgram: fc.Arbitrary<Instruction[]> = fc
  .array(fc.tuple(fc.constantFrom(...LEGAL), byte, byte, word, fc.nat(19)), { maxLength: 300, size: 'max' })
  .map((drawn) => {
    const last = drawn.length + 16;
    const body = drawn.map(([code, jt, jf, k, extension], index): Instruction => {
      const room = last - (index + 16);
      const kind = code & 0x07;
      if (code === 0x05) return [code, 0, 0, k % room];
      if (kind === JMP) return [code, jt % room, jf % room, code & X ? 0 : k];
      if (NO_K.has(code) || (kind === ALU && code & X)) return [code, 0, 0, 0];
      if (code === 0x34 || code === 0x94) return [code, 0, 0, k || 1];
      if (code === 0x64 || code === 0x74) return [code, 0, 0, k % 32];
      if ([0x60, 0x61, 0x02, 0x03].includes(code)) return [code, 0, 0, k % 16];
      if ([0x20, 0x28, 0x30].includes(code)) {
        return [code, 0, 0, k < 0xfffff000 && extension > 15 ? k : 0xfffff000 + 4 * (extension % 16)];
      }
      return [code, 0, 0, k];
    });
    const memory = Array.from({ length: 16 }, (_, index): Instruction => [0x02, 0, 0, index]);
    return [...memory, ...body, [0x16, 0, 0, 0]];
  });

/** Up to 600 CPUs, dense or scattered over all the numbers that a kernel can have; few slots or many. */
export const anyMap = fc
  .tuple(fc.constantFrom(12, 600, 8192), fc.constantFrom(2, 600))
  .chain(([cpus, slots]) =>
    fc.uniqueArray(fc.tuple(fc.nat(cpus - 1), fc.nat(slots)), {
      selector: ([number]) => number,
      maxLength: 600,
      size: 'max',
    }),
  )
  .map((entries) => new Map(entries));

const slots = (size: number) =>
  fc.uniqueArray(fc.nat(size), { minLength: 1, maxLength: 40 }).map((list) => list.sort((a, b) => a - b));

/** Two or three nodes whose CPUs are blocks, or take turns; any slots, of which some may serve two nodes. */
const anyNodes = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3 }), fc.boolean())
  .chain(([cpus, nodes, blocks]) => {
    const nodeOf = (cpu: number) => (blocks ? Math.floor((cpu * nodes) / cpus) : cpu % nodes);
    const cpusOf = (node: number) =>
      Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => nodeOf(cpu) === node);
    const filled = Array.from({ length: nodes }, (_, node) => cpusOf(node)).filter(
      ({ length }) => length > 0,
    );
    return fc.tuple(...filled.map((of) => slots(80).map((members) => ({ cpus: of, slots: members }))));
  });

const parameters: { readonly [Name in ParameterName]: fc.Arbitrary<ProgramParameters[Name]> } = {
  size: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 0xffffffff })),
  slotOfCpu: anyMap,
  keyOfSlot: fc
    .uniqueArray(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 0xffffffff })), {
      selector: ([slot]) => slot,
      minLength: 1,
      maxLength: 64,
    })
    .filter((entries) => new Set(entries.map(([, key]) => key)).size === entries.length)
    .map((entries) => new Map(entries)),
  nodes: anyNodes,
  weights: fc
    .array(fc.nat(9), { maxLength: 40 })
    .chain((list) => fc.integer({ min: 1, max: 99 }).map((last) => [...list, last])),
  drained: slots(98),
  spread: fc.constantFrom('rand', 'flow'),
  by: fc.constantFrom('cpu', 'rand', 'flow'),
};

/** Every program of the table, by what it is made from. */
export const anyProgram: fc.Arbitrary<ProgramSpec> = fc.oneof(
  ...PROGRAM_NAMES.map((name) => {
    const needed = programNamed(name).parameters.map((each) => [each, parameters[each]] as const);
    return fc.record(Object.fromEntries(needed)).map((record) => {
      const given = record as Partial<ProgramParameters>;
      return { name, ...given, ...undrained(given) } as ProgramSpec;
    });
  }),
);

/** The drained slots are in the group, and another one is left. */
function undrained({ size, drained }: Partial<ProgramParameters>): { size?: number } {
  if (size === undefined || drained === undefined) return {};
  const least = Math.max(drained.length, ...drained) + 1;
  return { size: least + (size % 30) };
}
