/** The affinity of an IRQ that moves while it is read. */
import { expect, it } from 'vitest';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { openAccess } from '../../src/tune/access.ts';
import { irq } from '../../src/tune/settings/irq.ts';

const target = { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [1], irq: 30, name: 'eth0-TxRx-1' } as const;

/** What the file has at each reading in turn. */
function readings(...texts: readonly string[]) {
  const left = [...texts];
  const files = { ...openFiles('/'), text: () => left.shift() ?? null };
  return irq.read(openAccess({ files, kernel: openKernel() }, 'x86_64'), target);
}

it('is read again if the list is empty, which no IRQ has', async () => {
  expect(await readings('4\n')).toBe('4');
  expect(await readings('\n', '4\n')).toBe('4');
  expect(await readings('\n', '\n', '\n', '4\n')).toBe('');
  expect(await readings()).toBeNull();
});
