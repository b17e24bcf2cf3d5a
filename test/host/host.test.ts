import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHost } from '../../src/host/host.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'lt-host-'));
  folders.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const options = { ifaces: [], port: null, slots: true, sampleSeconds: null };
const readTree = (files: Readonly<Record<string, string>>) =>
  readHost({ files: openFiles(tree(files)), kernel: null }, options);

const listener = (inode: number, port: string) =>
  `   0: 0100007F:${port} 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`;

describe('a captured tree', () => {
  it('shows sockets and what they wait for, and says that slots and programs are not in it', async () => {
    const { groups, lone, notes } = await readTree({
      'proc/net/tcp': `  sl  local_address …\n${listener(21, '1F90')}${listener(22, '1F90')}${listener(23, '0050')}`,
    });
    expect(groups).toMatchObject([
      {
        id: 'tcp 127.0.0.1:8080',
        size: 2,
        selection: null,
        sockets: [{ inode: 21, slot: null, slotSource: null, recvQueue: 2, owners: [] }, { inode: 22 }],
        notes: ['a captured tree has no slots and programs'],
      },
    ]);
    expect(lone).toMatchObject([{ id: 'tcp 127.0.0.1:80', processes: 0 }]);
    expect(notes.join('\n')).toMatch(/IPV6_V6ONLY/);
  });

  it('says that the header of its interrupts is missing', async () => {
    const line = ' 9: 0 6 PCI-MSI 4096-edge      eth0-TxRx-0\n';
    const { machine, notes } = await readTree({ 'proc/interrupts': line });
    expect(machine.cpus.online).toEqual([0, 1]);
    expect(notes).toContain(
      '/proc/interrupts has no header that names the CPUs of its 2 columns: they are numbered from 0, which is wrong where CPUs are offline',
    );
  });

  it('is not said to refuse what cannot be read for another reason', async () => {
    const root = tree({ 'proc/version': 'Linux', 'proc/interrupts': '' });
    truncateSync(join(root, 'proc/interrupts'), 2 ** 40);
    const { notes } = await readHost({ files: openFiles(root), kernel: null }, options);
    expect(notes).toContain('could not be read: /proc/interrupts (EFBIG)');
  });

  it('may hold next to nothing', async () => {
    const { nics, groups, lone, notes } = await readTree({ 'proc/version': 'Linux' });
    expect([nics, groups, lone]).toEqual([[], [], []]);
    expect(notes.join('\n')).toMatch(/sockets are not known/);
    expect(notes[0]).toMatch(/holds neither .*NICs are not known$/);
  });
});

describe('the live machine', () => {
  it('is read without asking for slots', async () => {
    const system = { files: openFiles('/'), kernel: openKernel() };
    const { machine, groups } = await readHost(system, { ...options, slots: false });
    expect(machine.cpus.online).not.toEqual([]);
    expect(groups.flatMap(({ sockets }) => sockets).filter(({ slot }) => slot !== null)).toEqual([]);
  });
});
