import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFiles, unpadded } from '../../src/system/files.ts';

describe('the live machine', () => {
  const files = openFiles('/');

  it('reads /proc and /sys', () => {
    expect(files.text('/proc/sys/kernel/ostype')).toBe('Linux\n');
    expect(files.list('/proc/self/ns')).toContain('net');
    expect(files.link('/proc/self/ns/net')).toMatch(/^net:\[\d+\]$/);
    expect(files.real('/sys/class/net/lo')).toBe('/sys/devices/virtual/net/lo');
    expect(files.exists('/sys/class/net/lo/mtu')).toBe(true);
  });

  it('gives null for what is absent, a folder, or refused by the driver', () => {
    for (const path of [
      '/nonexistent',
      '/proc/self',
      '/proc/version/x',
      '/sys/class/net/lo/phys_port_id',
      '/a\0b',
    ]) {
      expect(files.text(path), path).toBeNull();
      expect(files.link(`${path}/none`)).toBeNull();
    }
    expect([files.list('/nonexistent'), files.real('/nonexistent'), files.exists('/nonexistent')]).toEqual([
      [],
      null,
      false,
    ]);
    expect(files.denied).toEqual([]);
  });

  it('lists a refused file once: a write-only setting, even for root', () => {
    const path = '/proc/sys/net/ipv4/route/flush';
    expect([files.text(path), files.text(path)]).toEqual([null, null]);
    expect(files.denied).toEqual([{ path, code: expect.stringMatching(/^(EACCES|EPERM)$/) }]);
  });
});

describe('a captured tree', () => {
  let root: string;
  const at = (path: string) => join(root, path);

  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'tree-')));
    mkdirSync(at('sys/devices/pci0/net/eth0/queues'), { recursive: true });
    mkdirSync(at('sys/class/net'), { recursive: true });
    mkdirSync(at('proc'), { recursive: true });
    writeFileSync(at('sys/devices/pci0/net/eth0/mtu'), '1500\n');
    symlinkSync('../../devices/pci0/net/eth0', at('sys/class/net/eth0'));
    symlinkSync('/sys/class/net/eth0', at('sys/class/net/absolute'));
    symlinkSync('/proc/sys/kernel/ostype', at('proc/live'));
    symlinkSync('../../../../../../../../../../../../etc/hostname', at('proc/up'));
    symlinkSync(root, at('proc/out'));
    symlinkSync('loop2', at('proc/loop1'));
    symlinkSync('loop1/x', at('proc/loop2'));
    symlinkSync('/dev/zero', at('proc/zero'));
    execFileSync('mkfifo', [at('proc/fifo')]);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('follows links inside itself, also absolute ones', () => {
    const files = openFiles(root);
    for (const name of ['eth0', 'absolute']) {
      expect(files.text(`/sys/class/net/${name}/mtu`)).toBe('1500\n');
      expect(files.real(`/sys/class/net/${name}`)).toBe('/sys/devices/pci0/net/eth0');
      expect(files.list(`/sys/class/net/${name}`).toSorted()).toEqual(['mtu', 'queues']);
    }
    expect(files.link('/sys/class/net/eth0')).toBe('../../devices/pci0/net/eth0');
    expect(files.real('/sys/class/net/eth0/../eth0/mtu')).toBe('/sys/devices/pci0/net/eth0/mtu');
    expect(files.exists('/sys/class/net/eth0/../mtu')).toBe(false);
    expect(files.exists('/../../sys/class/net/eth0//queues/')).toBe(true);
  });

  it('never shows the live machine, hangs on a FIFO, or turns in a loop', () => {
    const files = openFiles(root);
    for (const name of ['live', 'up', 'out', 'loop1', 'loop2', 'zero', 'fifo', 'loop1/y', 'absent']) {
      expect(files.text(`/proc/${name}`), name).toBeNull();
      expect(files.exists(`/proc/${name}`), name).toBe(false);
    }
    expect(files.text('/etc/hostname')).toBeNull();
    expect(readFileSync('/etc/hostname', 'utf8')).not.toBe('');
    expect(files.link('/proc/live')).toBe('/proc/sys/kernel/ostype');
    expect(files.denied).toEqual([]);
  });

  it('answers any path without throwing', () => {
    const files = openFiles(root);
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom('..', '.', '', 'sys', 'proc', 'class', 'net', 'eth0', 'loop1', 'up', 'out', '\0'),
    );
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const path = `/${names.join('/')}`;
        files.text(path);
        files.link(path);
        const real = files.real(path);
        expect(files.exists(path)).toBe(real !== null);
        if (real !== null) expect(realpathSync(root + real)).toBe(real === '/' ? root : root + real);
        expect(files.list(path)).toBeInstanceOf(Array);
      }),
    );
  });

  it('must be there, and a folder', () => {
    expect(() => openFiles(at('nothing'))).toThrow(/ENOENT/);
    expect(() => openFiles(at('sys/devices/pci0/net/eth0/mtu'))).toThrow(/ENOTDIR/);
  });
});

describe('a captured tree of somebody hostile', () => {
  it('is read no further than a machine is large', () => {
    const root = mkdtempSync(join(tmpdir(), 'tree-'));
    try {
      mkdirSync(join(root, 'proc'));
      for (const name of ['endless', 'a', 'b', 'c', 'd', 'e']) writeFileSync(join(root, 'proc', name), '');
      truncateSync(join(root, 'proc/endless'), 2 ** 40);
      for (const name of ['a', 'b', 'c', 'd', 'e']) truncateSync(join(root, 'proc', name), 60 * 1024 ** 2);
      const files = openFiles(root);
      expect(files.text('/proc/endless')).toBeNull();
      const read = ['a', 'b', 'c', 'd', 'e'].map((name) => files.text(`/proc/${name}`));
      expect(read).toEqual(['', '', '', '', null]);
      expect(files.denied).toEqual([
        { path: '/proc/endless', code: 'EFBIG' },
        { path: '/proc/e', code: 'EFBIG' },
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('loses the padding of tar, and takes no longer for zeros that are none', () => {
    for (const zeros of [0, 1, 512, 4_000_000]) {
      expect(unpadded(`a${'\0'.repeat(zeros)}`)).toBe('a');
      expect(unpadded(`${'\0'.repeat(zeros)}a`)).toHaveLength(zeros + 1);
    }
    expect([unpadded('\0\0'), unpadded(''), unpadded(null)]).toEqual(['', '', null]);
  });

  it('does not lead out of it when a folder or a file becomes a link between two looks', () => {
    const [root, outside] = [mkdtempSync(join(tmpdir(), 'tree-')), mkdtempSync(join(tmpdir(), 'outside-'))];
    try {
      writeFileSync(join(outside, 'secret'), 'secret');
      mkdirSync(join(root, 'proc'));
      for (const name of ['secret', 'fifo']) writeFileSync(join(root, 'proc', name), 'own');
      const files = openFiles(root);
      for (const name of ['secret', 'fifo']) expect(files.text(`/proc/${name}`)).toBe('own');

      rmSync(join(root, 'proc/secret'));
      symlinkSync(join(outside, 'secret'), join(root, 'proc/secret'));
      rmSync(join(root, 'proc/fifo'));
      execFileSync('mkfifo', [join(root, 'proc/fifo')]);
      for (const name of ['secret', 'fifo']) expect(files.text(`/proc/${name}`)).toBeNull();

      rmSync(join(root, 'proc'), { recursive: true });
      symlinkSync(outside, join(root, 'proc'));
      expect(files.text('/proc/secret')).toBeNull();
    } finally {
      for (const folder of [root, outside]) rmSync(folder, { recursive: true });
    }
  });
});
