/** A terminal that goes away while something is changed, with a SIGHUP and without one. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openScreen, type Screen } from '../tui/pty.ts';
import { change, type Lab, openLab } from './lab.ts';

let lab: Lab;
let before: string;
beforeEach(() => {
  lab = openLab('hang-up');
  before = lab.settings();
});
afterEach(() => lab.end());

const xps = (queue: number, mask: string) => change({ kind: 'xps', nic: 'v0', queue, by: 'cpus' }, mask);
/** Long enough to be met in its middle. */
const long = () => Array.from({ length: 400 }, (_, i) => xps(i % 4, String(1 + (Math.floor(i / 4) % 2))));

/** As the shell of an ssh session runs it, or as `setsid` does: then only its writes fail. */
const WAYS = [
  ['SIGHUP', []],
  ['EIO alone', ['sh', '-c', 'trap "" HUP; setsid --wait "$@"; exit', 'sh']],
] as const;

function open(way: readonly string[], ...args: string[]): Screen {
  const [file = '', ...words] = [...way, ...lab.words(args)];
  return openScreen(file, words, { columns: 120, env: { LOCALITY_TUNE_STATE: lab.state } });
}

/** While it changes something. */
const isLocked = () => readdirSync(lab.state).includes('lock');
const applied = () => JSON.parse(lab.tune(['status', '-j']).stdout).journals.length;

describe.each(WAYS)('a terminal that goes away: %s', (name, way) => {
  it('makes apply restore what it has changed', async () => {
    const screen = open(way, 'apply', '--saved', lab.save(long()), '--yes');
    while (!isLocked()) await sleep(1);
    screen.hangUp();
    expect(await screen.ended).toMatchObject({ code: 129 });
    expect(lab.settings()).toBe(before);
    expect(applied()).toBe(0);
  });

  it('ends undo, or does not disturb it, and the next one does the rest', async () => {
    expect(lab.tune(['apply', '--saved', lab.save(long()), '--yes']).code).toBe(0);
    const screen = open(way, 'undo', '--yes');
    while (!isLocked()) await sleep(1);
    screen.hangUp();
    const { code } = await screen.ended;
    // Nothing is written before its end, and a signal is heard at once.
    expect([code, applied()]).toEqual(name === 'SIGHUP' ? [129, 1] : [0, 0]);
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });

  it('is a no to every question, and no crash', async () => {
    const file = lab.save([xps(0, '1'), xps(1, '1')]);
    const asked = open(way, 'apply', '--saved', file);
    await asked.until(/Make 2 changes\? \[y\/N\]/);
    asked.hangUp();
    // Before the first change a signal ends it as any program.
    expect(await asked.ended).toEqual(name === 'SIGHUP' ? { code: 0, signal: 1 } : { code: 1, signal: 0 });
    expect(lab.settings()).toBe(before);

    expect(lab.tune(['apply', '--saved', file, '--yes']).code).toBe(0);
    lab.sh('echo 3 > /sys/class/net/v0/queues/tx-0/xps_cpus');
    const restoring = open(way, 'undo');
    await restoring.until(/Restore these settings\? \[y\/N\]/);
    restoring.type('y\r');
    await restoring.until(/Restore it\? \[y\/N\]/);
    restoring.hangUp();
    expect(await restoring.ended).toMatchObject({ code: 129 });
    // A crash would have left it.
    expect(isLocked()).toBe(false);
    expect(lab.sh('cat /sys/class/net/v0/queues/tx-0/xps_cpus')).toMatch(/3\n$/);
    expect(lab.tune(['undo', '--yes', '--force']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });

  it('ends the live view, whose change is then whole', async () => {
    lab.sh('ethtool -L v0 rx 4 tx 4');
    const screen = open(way, 'live', '--no-probes', '--iface', 'v0');
    await screen.until(/1 overview/);
    screen.type('t');
    await screen.until(/v0 tx-\d xps_cpus[\s\S]*Y: apply only/);
    screen.type('Y');
    while (!readdirSync(lab.state).includes('journals')) await sleep(1);
    screen.hangUp();
    expect(await screen.ended).toMatchObject({ code: 129 });
    const { journals } = JSON.parse(lab.tune(['status', '-j']).stdout);
    expect(journals).toMatchObject([{ ended: true }]);
    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(lab.settings()).toBe(before);
  });
});
