import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { packTar, type TarEntry } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHost } from '../../src/host/host.ts';
import { openTree } from '../../src/system/archive.ts';
import { isFailure } from '../../src/system/errors.ts';
import { openFiles } from '../../src/system/files.ts';

const trees = join(import.meta.dirname, '../fixtures/trees');
const everything = { ifaces: [], port: null, slots: false, sampleSeconds: 0 };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'archive-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function save(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.tar`);
  writeFileSync(path, bytes);
  return path;
}

type Item = Readonly<{
  name: string;
  type?: NonNullable<TarEntry['header']['type']>;
  linkname?: string;
  body?: string;
}>;

const pack = (...items: readonly Item[]): Promise<Uint8Array> =>
  packTar(
    items.map(({ body = '', ...header }) => ({ header: { ...header, size: Buffer.byteLength(body) }, body })),
  );

const open = async (...items: readonly Item[]) => openTree(save(await pack(...items)));

async function failureOf(bytes: Uint8Array): Promise<unknown> {
  const error = await openTree(save(bytes)).catch((thrown: unknown) => thrown);
  return isFailure(error) ? error.code : error;
}

describe('a captured tree in an archive', () => {
  it.each(['ena-arm', 'mlx5-bond', 'virtio', 'interrupts-only'])(
    '%s reads as its folder does, however it was packed',
    async (name) => {
      const expected = await readHost({ files: openFiles(join(trees, name)), kernel: null }, everything);
      const plain = join(folder, `${name}.tar`);
      execFileSync('tar', ['-cf', plain, '--format=gnu', '-C', join(trees, name), '.']);
      const below = join(folder, `${name}.tgz`);
      execFileSync('tar', ['-czf', below, '--format=pax', '-C', join(trees, '..'), `trees/${name}`]);
      for (const path of [plain, below]) {
        const files = await openTree(path);
        expect(await readHost({ files, kernel: null }, everything)).toEqual(expected);
      }
    },
  );

  it('keeps names and links of more than 100 characters', async () => {
    const deep = `sys/devices/${'pci0000:00/'.repeat(30)}net/eth0`;
    mkdirSync(join(folder, 'long', deep), { recursive: true });
    mkdirSync(join(folder, 'long/sys/class/net'), { recursive: true });
    writeFileSync(join(folder, 'long', deep, 'mtu'), '1500\n');
    symlinkSync(`../../../${deep}`, join(folder, 'long/sys/class/net/eth0'));
    for (const format of ['gnu', 'pax']) {
      const path = join(folder, `long.${format}`);
      execFileSync('tar', ['-cf', path, `--format=${format}`, '-C', join(folder, 'long'), 'sys']);
      const files = await openTree(path);
      expect(files.text('/sys/class/net/eth0/mtu')).toBe('1500\n');
      expect(files.real('/sys/class/net/eth0')).toBe(`/${deep}`);
      expect(files.list('/')).toEqual(['sys']);
    }
  });

  it('drops the zeros with which tar fills up files of sysfs', async () => {
    const files = await open({ name: 'sys/class/net/eth0/mtu', body: `1500\n${'\0'.repeat(4091)}` });
    expect(files.text('/sys/class/net/eth0/mtu')).toBe('1500\n');
  });

  it('stays inside the archive, for any names and links', async () => {
    const files = await open(
      { name: '../../../proc/up', body: 'up' },
      { name: '/proc/absolute', body: 'absolute' },
      { name: 'proc/passwd', type: 'symlink', linkname: '../../../../etc/passwd' },
      { name: 'proc/hard', type: 'link', linkname: 'proc/up' },
      { name: 'proc/zero', type: 'character-device' },
      { name: 'proc/pipe', type: 'fifo' },
      { name: 'proc/one', type: 'symlink', linkname: 'two' },
      { name: 'proc/two', type: 'symlink', linkname: 'one' },
    );
    expect(files.text('/proc/up')).toBe('up');
    expect(files.text('/proc/absolute')).toBe('absolute');
    expect(files.text('/proc/hard')).toBe('up');
    expect(files.link('/proc/passwd')).toBe('../../../../etc/passwd');
    for (const name of ['passwd', 'zero', 'pipe', 'one', 'nothing', 'up/x'])
      expect([files.text(`/proc/${name}`), files.exists(`/proc/${name}`)]).toEqual([null, false]);
    expect(files.denied).toEqual([]);
  });

  it('says which file is not such an archive', async () => {
    const sound = await pack({ name: 'proc/interrupts', body: 'x'.repeat(3000) });
    expect(await failureOf(Buffer.from('{"schema":"locality-tune.snapshot/1"}'.padEnd(2000)))).toBe(
      'broken-archive',
    );
    expect(await failureOf(sound.subarray(0, 2000))).toBe('broken-archive');
    expect(await failureOf(gzipSync(sound).subarray(0, 40))).toBe('broken-archive');
    expect(await failureOf(Buffer.from('fd377a585a00', 'hex'))).toBe('compressed');
  });

  it('does not unpack a small file into all of the memory', async () => {
    expect(await failureOf(gzipSync(Buffer.alloc(257 * 1024 * 1024)))).toBe('too-large');
  });

  it('takes any bytes without harm', async () => {
    const sound = Buffer.from(await pack({ name: 'proc/a', body: 'a' }, { name: 'sys', type: 'directory' }));
    const damaged = fc
      .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 8 })
      .map((changes) => {
        const bytes = Buffer.from(sound);
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 2000 })), async (bytes) => {
        const path = save(bytes);
        try {
          const files = await openTree(path);
          files.list('/proc').map((name) => files.text(`/proc/${name}`));
        } catch (error) {
          expect(isFailure(error)).toBe(true);
        }
      }),
    );
  });
});

/** A tar of empty files, quickly: a header of `packTar` with another name and checksum for each. */
async function empty(names: Iterable<string>): Promise<Buffer> {
  const [header] = [Buffer.from(await pack({ name: 'x', body: '' })).subarray(0, 512)];
  const blocks: Buffer[] = [];
  for (const name of names) {
    const block = Buffer.from(header);
    block.fill(0, 0, 100).write(name, 0);
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(block);
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function* names(count: number, name: (index: number) => string): Generator<string> {
  for (let index = 0; index < count; index++) yield name(index);
}

describe('an archive that is made to keep its reader busy', () => {
  it('is refused for its number of files, in all and in one folder', async () => {
    expect(await failureOf(await empty(names(32_769, (i) => `sys/class/net/e${i}`)))).toBe('too-large');
    expect(await failureOf(await empty(names(300_001, (i) => `sys/${i % 64}/${i}`)))).toBe('too-large');
  });

  it('has no folders deeper than those of a machine', async () => {
    const deep = `sys/${'a/'.repeat(1_000)}f`;
    const files = await open({ name: 'proc/interrupts', body: 'x' }, { name: deep, body: 'y' });
    expect([files.text('/proc/interrupts'), files.text(`/${deep}`)]).toEqual(['x', null]);
    expect(files.exists('/sys')).toBe(false);
  });

  it('has links that are followed as often as the kernel does, and no more', async () => {
    const links = Array.from({ length: 20_000 }, (_, i) => ({
      name: `l${i}`,
      type: 'symlink' as const,
      linkname: `/l${i + 1}`,
    }));
    const files = await open({ name: 'proc/x', body: 'x' }, { name: 'l20000', body: 'end' }, ...links);
    expect(files.text('/l0')).toBeNull();
    expect(files.text('/l19961')).toBe('end');
  });
});
