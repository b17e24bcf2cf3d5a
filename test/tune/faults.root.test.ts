import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFiles } from '../../src/system/files.ts';
import { takeLock } from '../../src/tune/lock.ts';
import { ENTRY } from '../integration/cli.ts';
import { until } from '../integration/servers.ts';
import { change, type Lab, openLab, QUEUES } from './lab.ts';

let lab: Lab;
let before: string;
beforeEach(() => {
  lab = openLab('faults');
  before = lab.settings();
});
afterEach(() => lab.end());

const xps = (nic: string, queue: number, mask: string) =>
  change({ kind: 'xps', nic, queue, by: 'cpus' }, mask);
/** Long enough to be met in its middle. */
const long = (nic: string) =>
  Array.from({ length: 2_000 }, (_, i) => xps(nic, i % 4, String(1 + (Math.floor(i / 4) % 2))));
const apply = (file: string, ...more: string[]) =>
  lab.tune(['apply', '--saved', file, '--yes', '--json', ...more]);
const journals = () =>
  existsSync(join(lab.state, 'journals')) ? readdirSync(join(lab.state, 'journals')) : [];

describe('a disk that is full', () => {
  it('keeps anything from being changed, and says what to do', () => {
    const full = join(lab.state, 'full');
    mkdirSync(full);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', full]);
    try {
      const { code, stdout } = lab.tune(['apply', '--saved', lab.save(long('v0')), '--yes', '-j'], {
        LOCALITY_TUNE_STATE: full,
      });
      expect(code).toBe(1);
      const { error } = JSON.parse(stdout);
      expect(error.code).toBe('journal');
      expect(error.message).toContain('cannot be used (ENOSPC)');
      expect(error.hint).toContain('free disk space');
      expect(lab.settings()).toBe(before);
      expect(readdirSync(join(full, 'journals'))).toEqual([]);
    } finally {
      execFileSync('umount', [full]);
    }
  });
});

describe('a disk with no inode left', () => {
  it('keeps anything from being changed', () => {
    const full = join(lab.state, 'full');
    mkdirSync(full);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=8', 'none', full]);
    try {
      fill(full, 0);
      const { code, stdout } = lab.tune(['apply', '--saved', lab.save(long('v0')), '--yes', '-j'], {
        LOCALITY_TUNE_STATE: full,
      });
      expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'journal']);
      expect(lab.settings()).toBe(before);
    } finally {
      execFileSync('umount', [full]);
    }
  });
});

describe('a disk with no inode and no byte left', () => {
  it('does not keep undo from restoring everything, nor two of them from each other', () => {
    const full = join(lab.state, 'full');
    mkdirSync(full);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,nr_inodes=16', 'none', full]);
    try {
      const environment = { LOCALITY_TUNE_STATE: full };
      const file = lab.save([xps('v0', 0, '1'), xps('v0', 1, '1')]);
      expect(lab.tune(['apply', '--saved', file, '--yes'], environment).code).toBe(0);
      for (const bytes of [65_536, 4_096, 0]) fill(full, bytes);
      expect(() => writeFileSync(join(full, 'more'), 'x')).toThrow('ENOSPC');

      const elsewhere = join('/run/locality-tune', `lock${full.replaceAll('/', '!')}`);
      const started = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      mkdirSync('/run/locality-tune', { recursive: true });
      symlinkSync(`${process.pid}:${started}:${boot}`, elsewhere);
      const second = lab.tune(['undo', '--yes', '-j'], environment);
      expect(JSON.parse(second.stdout).error).toMatchObject({ code: 'busy' });
      unlinkSync(elsewhere);

      const { code, stdout } = lab.tune(['undo', '--yes', '-j'], environment);
      expect({ code, settings: lab.settings() }).toEqual({ code: 0, settings: before });
      expect(JSON.parse(stdout)).toMatchObject({ restored: [{}, {}], skipped: [] });
      expect(existsSync(elsewhere)).toBe(false);
    } finally {
      execFileSync('umount', [full]);
    }
  });
});

/** Files of this many bytes, until there is no room for one more. */
function fill(folder: string, bytes: number): void {
  for (let made = 0; ; made++)
    try {
      writeFileSync(join(folder, `${bytes}-${made}`), Buffer.alloc(bytes));
    } catch {
      return;
    }
}

describe('two at once', () => {
  it('the second says that the first is busy, and changes nothing', () => {
    const release = takeLock(lab.state, openFiles('/'));
    const { code, stdout } = apply(lab.save([xps('v0', 0, '1')]));
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toEqual({
      code: 'busy',
      message: `apply: another locality-tune (pid ${process.pid}) is changing settings`,
      hint: 'wait until it ends',
    });
    expect(lab.settings()).toBe(before);
    release();
    expect(apply(lab.save([xps('v0', 0, '1')])).code).toBe(0);
  });

  it('one of many applies at a time, and one of many undos: nothing is mixed up', async () => {
    const file = lab.save([...long('v0').slice(0, 40), xps('v0', 0, '3')]);
    const all = async (...args: string[]) => {
      const runs = Array.from({ length: 4 }, () => lab.start([...args, '--yes', '--json']));
      return Promise.all(runs.map(async (run) => (await once(run, 'exit'))[0]));
    };
    const codes = await all('apply', '--saved', file);
    expect(codes).toContain(0);
    expect(lab.settings()).toContain('v0/queues/tx-0/xps_cpus:3');
    const { journals } = JSON.parse(lab.tune(['status', '-j']).stdout);
    // Who came later was told to wait, or did it again.
    expect(journals.length).toBeGreaterThanOrEqual(1);
    expect(journals.length).toBeLessThanOrEqual(codes.filter((code) => code === 0).length);
    expect(await all('undo', '--all')).toContain(0);
    expect(lab.settings()).toBe(before);
    expect(JSON.parse(lab.tune(['status', '-j']).stdout).journals).toEqual([]);
  });

  it('the lock of a killed process is ignored, even if another process has its pid now', () => {
    symlinkSync(`${process.pid}:1:not-this-boot`, join(lab.state, 'lock'));
    expect(apply(lab.save([xps('v0', 0, '1')])).code).toBe(0);
    expect(readdirSync(lab.state).filter((name) => name.startsWith('lock'))).toEqual([]);
  });
});

describe('what the kernel refuses', () => {
  it('is named, the rest is done, and undo restores only the rest', () => {
    const { code, stdout } = apply(
      lab.save([
        change({ kind: 'channels', nic: 'v0', which: 'rx' }, '64'),
        xps('v0', 9, '1'),
        xps('v0', 1, '1'),
        change({ kind: 'fields', nic: 'v0', flow: 'udp4' }, 'sdfn'),
        change({ kind: 'rss', nic: 'v0' }, '0 1 0 1'),
        change({ kind: 'pin', pid: lab.pid, tid: lab.pid, comm: 'sleep', startTime: null }, '900'),
        change({ kind: 'pin', pid: lab.pid, tid: lab.pid, comm: 'sleep', startTime: '1' }, '0'),
        change({ kind: 'irqbalance', irqs: [4_000] }, '4000'),
      ]),
    );
    expect(code).toBe(1);
    const { done, failed } = JSON.parse(stdout);
    expect(done.map(({ subject }: { subject: string }) => subject)).toEqual(['v0 tx-1 xps_cpus']);
    expect(failed.map((one: { code: string; message: string }) => [one.code, one.message])).toEqual([
      ['EINVAL', expect.stringContaining('v0 rx channels: set to 64: EINVAL')],
      ['gone', expect.stringContaining('queues/tx-9/xps_cpus does not exist')],
      ['ENOTSUP', expect.stringContaining('ENOTSUP, the driver does not support it')],
      ['ENOTSUP', expect.stringContaining('ENOTSUP, the driver does not support it')],
      ['EINVAL', expect.stringContaining('its cpuset has none of these CPUs, or none is online')],
      ['gone', expect.stringContaining('is another thread now; sleep has ended')],
      ['gone', expect.stringContaining('irqbalance is not running')],
    ]);
    const undone = JSON.parse(lab.tune(['undo', '--yes', '-j']).stdout);
    expect(undone.restored.map(({ subject }: { subject: string }) => subject)).toEqual(['v0 tx-1 xps_cpus']);
    expect(lab.settings()).toBe(before);
  });

  it('is not set again by undo: what somebody has set since stays', () => {
    apply(lab.save([change({ kind: 'channels', nic: 'v0', which: 'rx' }, '64'), xps('v0', 1, '1')]));
    lab.sh('echo 3 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    const own = lab.settings();
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.sh('cat /sys/class/net/v0/queues/rx-0/rps_cpus')).toMatch(/3\n$/);
    expect(lab.settings()).not.toBe(before);
    expect(lab.settings()).not.toBe(own);
  });

  it('leaves no journal where nothing was changed', () => {
    expect(apply(lab.save([xps('v0', 9, '1')])).code).toBe(1);
    expect(apply(lab.save([xps('v0', 1, '0')])).code).toBe(0);
    expect(journals()).toEqual([]);
  });

  it('a /sys that is read-only is called that', () => {
    const file = lab.save([xps('v0', 0, '1')]);
    const script = `mount -o remount,ro,bind /sys; LOCALITY_TUNE_STATE=${lab.state} "$@"`;
    const words = [process.execPath, ENTRY];
    const args = ['apply', '--saved', file, '--yes'].map((word) => `'${word}'`).join(' ');
    const out = lab.sh(`set -- ${words.join(' ')} ${args}; ${script} || test $? = 1`);
    expect(out).toContain('EROFS, /proc or /sys is mounted read-only here');
    expect(lab.settings()).toBe(before);

    expect(lab.tune(['apply', '--saved', file, '--yes']).code).toBe(0);
    const tuned = lab.settings();
    const undo = `${process.execPath} ${ENTRY} undo --yes`;
    const refused = lab.sh(
      `mount -o remount,ro,bind /sys; LOCALITY_TUNE_STATE=${lab.state} ${undo} || test $? = 1`,
    );
    expect(refused).toContain('EROFS');
    expect(lab.settings()).toBe(tuned);
    // Its journal is kept for when it can be written.
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });
});

describe('in the middle of it', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s takes back what was done, exit %i', async (signal, status) => {
    const child = lab.start(['apply', '--saved', lab.save(long('v0')), '--yes', '--json']);
    const exited = once(child, 'exit');
    await until(() => lab.settings() !== before, 'the first change');
    child.kill(signal);
    expect(await exited).toEqual([status, null]);
    expect(lab.settings()).toBe(before);
    expect(JSON.parse(lab.tune(['status', '-j']).stdout)).toMatchObject({ journals: [], drift: [] });
  });

  it('the interface disappears: the rest is done, and undo says what it could not restore', async () => {
    // Its peer goes with it: what is left is the process.
    const pin = change({ kind: 'pin', pid: lab.pid, tid: lab.pid, comm: 'sleep', startTime: null }, '1');
    const child = lab.start(['apply', '--saved', lab.save([...long('v0'), pin]), '--yes', '--json']);
    let out = '';
    child.stdout?.on('data', (text) => {
      out += text;
    });
    const exited = once(child, 'close');
    await until(() => lab.settings() !== before, 'the first change');
    lab.sh('ip link del v0');
    expect(await exited).toEqual([1, null]);
    const { done, failed } = JSON.parse(out);
    expect(done.at(-1)).toMatchObject({ kind: 'pin', to: '1' });
    const codes: string[] = failed.map(({ code }: { code: string }) => code);
    expect(codes.filter((code) => !['gone', 'ENOENT', 'ENODEV'].includes(code))).toEqual([]);
    expect(failed.at(-1).message).toContain('the interface v0 no longer exists (see `ip link`)');
    const { code, stdout } = lab.tune(['undo', '--yes', '-j']);
    const { restored, skipped } = JSON.parse(stdout);
    expect([code, restored.length]).toEqual([0, 1]);
    expect(skipped.every(({ settled }: { settled: boolean }) => settled)).toBe(true);
    expect(execFileSync('taskset', ['-p', String(lab.pid)], { encoding: 'utf8' })).toBe(
      before.split('\n').slice(-2).join('\n'),
    );
  });
});

describe('somebody else', () => {
  it('changed a value since: status names it, undo leaves it alone without --force', () => {
    expect(apply(lab.save([xps('v0', 0, '1'), xps('v0', 1, '2')])).code).toBe(0);
    expect(lab.tune(['status']).code).toBe(0);
    lab.sh('echo 3 > /sys/class/net/v0/queues/tx-0/xps_cpus');
    const status = lab.tune(['status', '-j']);
    expect(status.code).toBe(1);
    expect(JSON.parse(status.stdout).drift).toEqual([
      {
        subject: 'v0 tx-0 xps_cpus',
        wanted: '1',
        is: '3',
        likely: expect.stringContaining('went down and up'),
      },
    ]);
    const careful = lab.tune(['undo', '--yes', '-j']);
    expect(careful.code).toBe(1);
    expect(JSON.parse(careful.stdout)).toMatchObject({
      restored: [{ subject: 'v0 tx-1 xps_cpus' }],
      skipped: [{ change: { subject: 'v0 tx-0 xps_cpus' }, settled: false }],
    });
    const forced = lab.tune(['undo', '--yes', '--force', '-j']);
    expect(JSON.parse(forced.stdout)).toMatchObject({
      restored: [{ subject: 'v0 tx-0 xps_cpus' }],
      skipped: [],
    });
    expect([forced.code, lab.settings()]).toEqual([0, before]);
  });

  it('applied twice: undo restores the newest first, --all both', () => {
    apply(lab.save([xps('v0', 0, '1')]));
    const between = lab.settings();
    apply(lab.save([xps('v0', 0, '2')]));
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(between);
    apply(lab.save([xps('v0', 0, '3')]));
    expect(lab.tune(['undo', '--all', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });
});

describe('undo --dry-run', () => {
  it('shows what undo then does: drift, and queues that come back with their channels', () => {
    const channels = change({ kind: 'channels', nic: 'v0', which: 'tx' }, '2');
    apply(lab.save([xps('v0', 0, '1'), xps('v0', 3, '2')]));
    apply(lab.save([channels, xps('v0', 1, '2')]));
    const now = lab.settings();
    const json = (...args: string[]) => JSON.parse(lab.tune(['undo', '--all', ...args, '-j']).stdout);
    const dry = json('--dry-run');
    expect(lab.settings()).toBe(now);
    const done = json('--yes');
    const lists = ({ journals }: { journals: readonly Record<string, unknown>[] }) =>
      journals.map(({ journal, restored, skipped }) => ({ journal, restored, skipped }));
    expect(lists(dry)).toEqual(lists(done));
    expect(done.journals[0].restored.map(({ kind }: { kind: string }) => kind)).toEqual(['xps', 'channels']);
    expect(lab.settings()).toBe(before);

    apply(lab.save([xps('v0', 0, '1')]));
    lab.sh('echo 3 > /sys/class/net/v0/queues/tx-0/xps_cpus');
    expect(lab.tune(['undo', '--dry-run']).stdout).toMatch(
      /^journal 3, .*: 0 settings to restore\nleaves alone: v0 tx-0 xps_cpus: it is 3 now, not 1; likely /,
    );
    lab.tune(['undo', '--all', '--yes', '--force']);
    expect(lab.settings()).toBe(before);
  });
});

describe('an interface that was deleted and recreated', () => {
  it('under the same name is another one: it is never touched', () => {
    apply(
      lab.save([
        change({ kind: 'channels', nic: 'v0', which: 'rx' }, '2'),
        xps('v0', 0, '1'),
        xps('v1', 1, '1'),
      ]),
    );
    lab.sh(`ip link del v0; ip link add v0 ${QUEUES} type veth peer name v1 ${QUEUES}`);
    // What somebody has set on it, and what by chance is as it was set on the former one.
    lab.sh('cd /sys/class/net/v0/queues; echo 1 > tx-0/xps_cpus; echo 3 > rx-1/rps_cpus; ethtool -L v0 rx 2');
    const now = lab.settings();
    const { drift } = JSON.parse(lab.tune(['status', '-j']).stdout);
    expect(drift.map(({ is }: { is: string | null }) => is)).toEqual([null, null, null]);
    expect(drift[0].likely).toBe(
      'the interface was deleted and recreated, which reset everything to its defaults',
    );
    const { code, stdout } = lab.tune(['undo', '--yes', '--force', '-j']);
    const { restored, skipped } = JSON.parse(stdout);
    expect([code, restored, skipped.length]).toEqual([0, [], 3]);
    expect(skipped[0]).toMatchObject({
      settled: true,
      why: expect.stringMatching(
        /^it was set on another interface of this name, which is gone \(ifindex \d+, now \d+\)$/,
      ),
    });
    expect(lab.settings()).toBe(now);
    expect(lab.tune(['status', '-j']).stdout).toContain('"journals":[]');
  });

  it('with another address since needs a confirmation, or --force', () => {
    apply(lab.save([xps('v0', 0, '1')]));
    lab.sh('ip link set v0 address 02:00:00:00:00:99');
    const careful = lab.tune(['undo', '--yes', '-j']);
    expect(careful.code).toBe(1);
    expect(JSON.parse(careful.stdout).skipped[0].why).toMatch(
      /another address then .* now 02:00:00:00:00:99\)/,
    );
    expect(lab.tune(['undo', '--yes', '--force']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });
});

describe('a journal', () => {
  it('of a network namespace that had this inode before is forgotten, and nothing is touched', () => {
    apply(lab.save([xps('v0', 0, '1')]));
    const path = join(lab.state, 'journals', journals()[0] ?? '');
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/"netnsCookie":"\d+"/);
    writeFileSync(path, text.replace(/"netnsCookie":"\d+"/, '"netnsCookie":"1"'));
    const now = lab.settings();
    expect(JSON.parse(lab.tune(['undo', '--yes', '-j']).stdout)).toMatchObject({
      journal: '1',
      restored: [],
      notes: [expect.stringContaining('in a network namespace that is gone')],
    });
    expect(lab.settings()).toBe(now);
    expect(journals()).toEqual(['1.undone.jsonl']);
  });

  it('of an earlier boot is forgotten, of another network namespace is left alone', () => {
    apply(lab.save([xps('v0', 0, '1')]));
    const [name = ''] = journals();
    const path = join(lab.state, 'journals', name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"netns":\d+/, '"netns":1'));
    for (const args of [[], ['--all'], ['--journal', '1'], ['--dry-run']]) {
      const { code, stdout } = lab.tune(['undo', '--yes', '-j', ...args]);
      expect(code).toBe(1);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'other-netns',
        message: expect.stringMatching(/^journal 1 .*inode 1\)$/),
      });
    }
    writeFileSync(path, text.replace(/"bootId":"[^"]*"/, '"bootId":"another"'));
    const { notes } = JSON.parse(lab.tune(['undo', '--yes', '-j']).stdout);
    expect(notes[0]).toContain('before this boot');
    expect(journals()).toEqual(['1.undone.jsonl']);
    expect(lab.settings()).not.toBe(before);
  });
});

describe('a file that somebody else has written', () => {
  it('never leads to a path, and is refused before anything is changed', () => {
    const target = join(lab.state, 'evil');
    writeFileSync(target, 'as it was\n');
    const up = '0/../../../../../../..';
    const evil = {
      kind: 'rps',
      subject: 'v0 rx-0 rps_cpus',
      target: { kind: 'rps', nic: 'v0', queue: `${up}${target}` },
      to: 'evil::0:0::/:/bin/sh',
    };
    const file = join(lab.state, 'evil.json');
    writeFileSync(file, JSON.stringify({ schema: 'locality-tune.saved/1', changes: [evil] }), {
      mode: 0o600,
    });
    const { code, stdout } = apply(file);
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'not-saved']);
    expect(readFileSync(target, 'utf8')).toBe('as it was\n');
    const saved = lab.save([xps('v0', 0, '1')]);
    chmodSync(saved, 0o666);
    expect(JSON.parse(apply(saved).stdout).error).toMatchObject({ code: 'not-trusted' });
    expect(lab.settings()).toBe(before);
  });

  it('is not a journal: status and undo say so, and continue with the others', () => {
    apply(lab.save([xps('v0', 0, '1')]));
    apply(lab.save([xps('v0', 1, '1')]));
    const [, second = ''] = journals().sort();
    chmodSync(join(lab.state, 'journals', second), 0o622);
    const status = JSON.parse(lab.tune(['status', '-j']).stdout);
    expect(status.journals.map(({ id }: { id: string }) => id)).toEqual(['1']);
    expect(status.notes).toEqual([
      expect.stringContaining('can be written by others than its owner (mode 0622)'),
    ]);
    expect(JSON.parse(lab.tune(['undo', '--yes', '-j']).stdout)).toMatchObject({
      journal: '1',
      restored: [{ subject: 'v0 tx-0 xps_cpus' }],
    });
    chmodSync(join(lab.state, 'journals', second), 0o600);
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });

  it('or a malformed line of a journal does not prevent the others from being restored', () => {
    apply(lab.save([xps('v0', 0, '1'), xps('v0', 1, '1')]));
    const path = join(lab.state, 'journals', journals()[0] ?? '');
    const lines = [
      'null',
      '7',
      '{}',
      '{"record":"intent"}',
      '{"record":"intent","step":0,"change":{"target":null},"also":[]}',
    ];
    const bad = [
      ...lines,
      '{"record":"done","step":null}',
      '{"record":"persisted","unit":"x","files":["/etc/passwd"]}',
    ];
    writeFileSync(path, `${readFileSync(path, 'utf8')}${bad.join('\n')}\n`);
    expect(lab.tune(['status', '-j']).code).toBe(0);
    const { restored, skipped } = JSON.parse(lab.tune(['undo', '--yes', '-j']).stdout);
    expect([restored.length, skipped]).toEqual([2, []]);
    expect(existsSync('/etc/passwd')).toBe(true);
    expect(lab.settings()).toBe(before);
    rmSync(join(lab.state, 'journals'), { recursive: true });
  });
});

describe('privileges', () => {
  it('not root: exit 77 and the capability; a dry run changes nothing for anybody', () => {
    const file = lab.save([xps('v0', 0, '1')]);
    const unprivileged = (args: string) =>
      lab.sh(
        `LOCALITY_TUNE_STATE=${lab.state} setpriv --reuid=65534 --regid=65534 --clear-groups ${process.execPath} ${ENTRY} ${args} 2>&1 || echo $?`,
      );
    expect(unprivileged(`apply --saved ${file} --yes`)).toMatch(/CAP_NET_ADMIN.*run it as root\n77\n$/s);
    expect(unprivileged('plan --iface v0')).toContain('what was applied before is not known (EACCES');
    expect(lab.tune(['apply', '--saved', file, '--dry-run']).stdout).toContain('v0 tx-0 xps_cpus');
    expect(lab.tune(['apply', '--saved', file]).code).toBe(2);
    expect(lab.settings()).toBe(before);
  });
});
