import { describe, expect, it } from 'vitest';
import { findElsewhere } from '../../src/host/other-namespaces.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const HEADER = '  sl  local_address …';
const socket = (port: number, state: string, peer = '00000000:0000') =>
  `${HEADER}\n   0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} ${peer} ${state} 00000000:00000000 00:00000000 00000000     0        0 21 1 0 0`;
const process = (
  pid: number,
  comm: string,
  namespace: number,
  net: Readonly<Record<string, string>> = {},
) => ({
  [`proc/${pid}/comm`]: comm,
  [`proc/${pid}/ns/net`]: `-> net:[${namespace}]`,
  ...Object.fromEntries(Object.entries(net).map(([name, text]) => [`proc/${pid}/net/${name}`, text])),
});
const self = { 'proc/self/ns/net': '-> net:[1]' };

describe('a port in other network namespaces', () => {
  it('is found by a process that is there, once for each', () => {
    const tree = treeOf({
      ...self,
      ...process(10, 'here', 1, { tcp: socket(8080, '0A') }),
      ...process(11, 'nginx', 2, { tcp: socket(8080, '0A'), udp: socket(8080, '07') }),
      ...process(12, 'nginx', 2, { tcp: socket(8080, '0A') }),
      ...process(13, 'client', 3, { tcp: socket(8080, '01'), udp: socket(8080, '01', '0100007F:0035') }),
    });
    expect(findElsewhere(tree.files, 8080)).toEqual([
      'tcp and udp port 8080 is served in another network namespace, that of process 11 (nginx): look there with --netns 11',
    ]);
    expect(findElsewhere(tree.files, 8081)).toEqual([]);
  });

  it('names the first few', () => {
    const pods = Array.from({ length: 5 }, (_, i) =>
      process(20 + i, 'app', 20 + i, { tcp: socket(80, '0A') }),
    );
    const notes = findElsewhere(treeOf(Object.assign({}, self, ...pods)).files, 80);
    expect(notes).toHaveLength(4);
    expect(notes[3]).toBe('port 80 is served in 2 further network namespaces');
  });
});
