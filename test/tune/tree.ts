/** A tree of plain files that stands in for /proc and /sys where no real device can: IRQs, irqbalance. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { systemError } from '../../src/system/errors.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { openAccess } from '../../src/tune/access.ts';
import type { Access } from '../../src/tune/settings/setting.ts';
import { IN_MEMORY } from '../fixtures/tree-of.ts';

export interface Tree {
  readonly root: string;
  readonly state: string;
  put(path: string, text: string): void;
  text(path: string): string;
  /** Settings of the tree. `refuse`: the errno for a write to a path, 0 to take it, null to take and ignore it. */
  access(refuse?: (path: string) => number | null): Access;
  end(): void;
}

export function openTree(): Tree {
  const root = mkdtempSync(join(IN_MEMORY, 'lt-tree-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return {
    root,
    state: join(root, 'state'),
    put,
    text: (path) => readFileSync(join(root, path), 'utf8').trimEnd(),
    access: (refuse = () => 0) => {
      const access = openAccess({ files: openFiles(root), kernel: openKernel() }, 'x86_64');
      const write = (path: string, value: string) => {
        const errno = refuse(path);
        if (errno) throw systemError(errno, 'write');
        if (errno === 0) put(path, `${value}\n`);
      };
      return { ...access, controls: { ...access.controls, write } };
    },
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Queue i of eth0 on IRQ 50 + i, each on all eight CPUs, as igb has it. */
export function putNic(tree: Tree, queues: number): void {
  tree.put('/sys/class/net/eth0/device/vendor', '0x8086\n');
  for (let queue = 0; queue < queues; queue++) {
    const irq = 50 + queue;
    tree.put(`/proc/irq/${irq}/smp_affinity_list`, '0-7\n');
    tree.put(`/proc/irq/${irq}/effective_affinity_list`, '0\n');
    tree.put(`/proc/irq/${irq}/eth0-TxRx-${queue}/.keep`, '');
    tree.put(`/sys/class/net/eth0/device/msi_irqs/${irq}`, 'msix\n');
    tree.put(`/sys/class/net/eth0/queues/tx-${queue}/xps_cpus`, '00\n');
  }
}

/** irqbalance 1.9 as its socket shows it; answers were recorded from it. Takes at most `room` bytes of a list. */
export async function startIrqbalance(
  tree: Tree,
  room = 16_384,
): Promise<{ banned(): number[]; stop(): void }> {
  let banned = [28];
  tree.put('/proc/4242/comm', 'irqbalance\n');
  tree.put('/run/irqbalance/.keep', '');
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', (bytes) => {
      const command = bytes.toString();
      const list = /^settings ban irqs (.*)$/s.exec(command)?.[1];
      if (list !== undefined) banned = (list.slice(0, room).match(/\d+/g) ?? []).map(Number);
      const irqs = banned.map((irq) => `IRQ ${irq} LOAD 0 DIFF 0 CLASS 0 `).join('');
      socket.end(command === 'setup' ? `SLEEP 30 ${irqs}BANNED 00000000` : '');
    });
  });
  await new Promise<void>((done) => {
    server.listen(join(tree.root, 'run/irqbalance/irqbalance4242.sock'), done);
  });
  return { banned: () => banned, stop: () => server.close() };
}
