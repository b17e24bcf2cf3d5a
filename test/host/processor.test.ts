import { cpus } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/host/host.ts';
import { parseModel, readProcessor } from '../../src/host/processor.ts';
import { openFiles } from '../../src/system/files.ts';
import { openTree, type Tree } from '../tune/tree.ts';

/** Two sockets of two cores with two threads each; an L2 for each core, an L3 for each socket. */
function putCpus(tree: Tree): void {
  tree.put('/proc/interrupts', '           CPU0 CPU1\n');
  tree.put('/proc/cpuinfo', 'processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6326 CPU @ 2.90GHz\n');
  tree.put('/proc/meminfo', 'MemTotal:       263855432 kB\nMemFree:        1 kB\n');
  tree.put('/sys/devices/system/cpu/online', '0-7\n');
  for (let cpu = 0; cpu < 8; cpu++) {
    const socket = cpu % 2;
    const own = `/sys/devices/system/cpu/cpu${cpu}`;
    tree.put(`${own}/topology/physical_package_id`, `${socket}\n`);
    tree.put(`${own}/topology/thread_siblings_list`, `${cpu % 4},${(cpu % 4) + 4}\n`);
    const caches = [
      [1, '48K', `${cpu % 4},${(cpu % 4) + 4}`],
      [2, '1280K', `${cpu % 4},${(cpu % 4) + 4}`],
      [3, '24576K', socket === 0 ? '0,2,4,6' : '1,3,5,7'],
    ] as const;
    for (const [index, [level, size, shared]] of caches.entries()) {
      tree.put(`${own}/cache/index${index}/level`, `${level}\n`);
      tree.put(`${own}/cache/index${index}/size`, `${size}\n`);
      tree.put(`${own}/cache/index${index}/shared_cpu_list`, `${shared}\n`);
    }
  }
}

describe('the processor', () => {
  it('of this machine has a name, cores and sockets', () => {
    const online = cpus().map((_, cpu) => cpu);
    const processor = readProcessor(openFiles('/'), online);
    // The firmware may not report cache sizes, but there is at least one core.
    expect(processor?.cores).toBeGreaterThan(0);
    expect(processor?.sockets).toBeGreaterThan(0);
    expect(processor?.model).toMatch(/^[ -~]+$/);
  });

  it('of a captured tree is the tree’s, and so is the memory', async () => {
    const tree = openTree();
    try {
      putCpus(tree);
      const files = openFiles(tree.root);
      const options = { ifaces: [], port: null, slots: false, sampleSeconds: 0 };
      const { machine } = await readHost({ files, kernel: null }, options);
      expect(machine.processor).toEqual({
        model: 'Intel Xeon Gold 6326',
        sockets: 2,
        cores: 4,
        l2Bytes: 4 * 1280 * 1024,
        l3Bytes: 2 * 24576 * 1024,
      });
      expect(machine.memoryBytes).toBe(263855432 * 1024);
    } finally {
      tree.end();
    }
  });

  it.each([
    ['model name\t: AMD EPYC 9454P 48-Core Processor\n', 'AMD EPYC 9454P'],
    ['model name\t: Intel(R) Xeon(R) Processor\n', 'Intel Xeon'],
    ['CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n', 'ARM Neoverse N1'],
    ['CPU implementer\t: 0x99\nCPU part\t: 0x001\n', 'ARM implementer 0x99, part 0x001'],
    ['uarch\t\t: sifive,u74-mc\n', 'sifive,u74-mc'],
    ['processor\t: 0\n', null],
  ])('%j is %j', (cpuinfo, model) => {
    expect(parseModel(cpuinfo)).toBe(model);
  });

  it('never throws, and has no control characters', () => {
    const line = fc.tuple(fc.constantFrom('model name', 'CPU part', 'uarch'), fc.string());
    fc.assert(
      fc.property(fc.array(line), (fields) => {
        const model = parseModel(fields.map(([name, value]) => `${name}\t: ${value}\n`).join(''));
        expect(model === null || /^[ -~]+$/.test(model)).toBe(true);
      }),
    );
  });
});
