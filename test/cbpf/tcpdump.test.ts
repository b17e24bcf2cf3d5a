import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, type Instruction } from '../../src/cbpf/instruction.ts';
import { read } from '../../src/cbpf/read.ts';
import { tcpdumpForm } from '../../src/cbpf/tcpdump-form.ts';
import { anyInstruction, likelyInstruction } from './arbitrary.ts';

/** What tcpdump makes of an expression, for Ethernet. */
function tcpdump(flag: string, expression: string): string {
  const { stdout, stderr, status } = spawnSync('tcpdump', ['-y', 'EN10MB', flag, expression], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function program(text: string): readonly Instruction[] {
  const reading = read(text);
  if (reading.error !== null) throw new Error(JSON.stringify(reading.error));
  return reading.program;
}

/** libpcap's own function, which says something about every instruction. */
const BPF_IMAGE = `
import ctypes, json, sys
class Insn(ctypes.Structure):
    _fields_ = [('code', ctypes.c_ushort), ('jt', ctypes.c_ubyte), ('jf', ctypes.c_ubyte), ('k', ctypes.c_uint)]
image = ctypes.CDLL('libpcap.so.0.8').bpf_image
image.restype = ctypes.c_char_p
data = sys.stdin.buffer.read()
lines = [image(ctypes.byref(Insn.from_buffer_copy(data, at)), at // 8).decode() for at in range(0, len(data), 8)]
print(json.dumps(lines))
`;

function bpfImage(program: readonly Instruction[]): string[] {
  const { stdout, stderr, status } = spawnSync('python3', ['-c', BPF_IMAGE], { input: encode(program) });
  if (status !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

describe('tcpdump', () => {
  it.each([
    'port 443',
    'ip and tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
    'ip6 host 2001:db8::1 or (vlan 7 and arp)',
    'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10.0.0.0/8',
    'udp[8] % 4 = 1 or udp[9] ^ 3 = 2 or len * 2 / 3 > -udp[4:2]',
    'icmp or less 100 or greater 1000 or ether multicast',
    'tcp portrange 1000-2000 and ip[6] | 1 << ip[7] >> 2 = 9',
  ])('%s: the same text from decimal and from C', (expression) => {
    const text = tcpdump('-d', expression);
    expect(`${tcpdumpForm(program(tcpdump('-ddd', expression)))}\n`).toBe(text);
    expect(`${tcpdumpForm(program(tcpdump('-dd', expression)))}\n`).toBe(text);
  });

  it('prints every instruction like that', () => {
    const codes = Array.from({ length: 0x100 }, (_, code) => code);
    const each = [0, 7, 0x80000000, 0xfffff000, 0xfffff024, 0xfffff040, 0xffffffff].flatMap((k) =>
      codes.map((code): Instruction => [code, 1, 255, k]),
    );
    const many = [...each, ...fc.sample(anyInstruction, 2000), ...fc.sample(likelyInstruction, 4000)];
    expect(tcpdumpForm(many).split('\n')).toEqual(bpfImage(many));
  });
});
