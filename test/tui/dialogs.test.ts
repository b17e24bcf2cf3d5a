/** What is asked before anything is changed, and that nothing is changed before it was answered. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseRuleTexts } from '../../src/diagnose/rule-texts.ts';
import type { Group } from '../../src/host/types.ts';
import type { Control, Outcome, Prepared, Preview } from '../../src/live/types.ts';
import { findingsPage } from '../../src/system/package.ts';
import type { Judged } from '../../src/tune/judge.ts';
import type { Progress } from '../../src/use-cases/machine.ts';
import type { Line } from '../../tui/components/line.ts';
import { contentOf } from '../../tui/dialogs/dialogs.tsx';
import type { KeyContext } from '../../tui/key-context.ts';
import { initialState } from '../../tui/state.ts';
import { press } from '../../tui/state-keys.ts';
import { eight, tuned } from '../fixtures/samples.ts';
import { plain } from './screens.ts';

const sample = tuned(eight).history[0];
if (sample === undefined) throw new Error('no sample');
const [group] = sample.configuration.host.groups;

const outcome = async (work: Promise<string>): Promise<Outcome> => ({
  text: await work,
  ok: true,
  tuned: null,
});

interface Fake {
  readonly context: KeyContext;
  readonly done: string[];
}

/** A machine that writes down what was done to it. */
function fake(more: Partial<Preview> = {}, change: () => Promise<string> = async () => 'done'): Fake {
  const done: string[] = [];
  let state = initialState(1, 0);
  const act = (what: string): Promise<string> => {
    done.push(what);
    return change();
  };
  const control: Control = {
    programs: ['cpu', 'map', 'hash'],
    preview: async (of: Group, program: string) => ({
      group: of.id,
      program,
      groupSize: of.size,
      asm: `asm of ${program}`,
      warnings: [],
      now: 'none, by hash',
      attached: false,
      foreign: false,
      ...more,
    }),
    attach: (of, program, force) => act(`attach ${program} ${of.id} ${force}`),
    prepareDetach: (of) => ({
      title: `Detach from ${of.id}`,
      lines: ['detaches it'],
      choices: [{ key: 'y', label: 'yes', run: () => outcome(act('detach')) }],
    }),
    prepare: async (job) => ({
      title: job,
      lines: ['this and that'],
      choices: [
        { key: 'y', label: 'yes', run: () => outcome(act(job)) },
        { key: 'Y', label: 'only', run: () => outcome(act(`only ${job}`)) },
      ],
    }),
    stop: async () => [],
  };
  const context: KeyContext = {
    get: () => state,
    set: (next) => {
      state = next;
    },
    sample: () => sample ?? null,
    around: () => ({ rows: () => 1, page: 20, interfaces: [], lastLine: () => 0 }),
    source: {
      live: true,
      control,
      replay: null,
      samples: async function* () {},
      setInterval: () => {},
      refresh: () => void done.push('refresh'),
      listen: () => {},
    },
    finding: () => sample?.configuration.findings[0] ?? null,
    group: () => group ?? null,
    copy: (text) => void done.push(`copy ${text}`),
    quit: () => {},
    suspend: () => {},
  };
  return { context, done };
}

async function type(context: KeyContext, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    press(context, key);
    await sleep(0);
  }
}

const text = (lines: readonly Line[]): string =>
  lines.map((line) => line.map((span) => span.text).join('')).join('\n');

function shown(context: KeyContext, columns = 90, room = 30): string {
  const { dialog } = context.get();
  if (dialog === null || sample === undefined) return '';
  const { title, lines, keys } = contentOf(dialog, sample, columns, room, plain);
  return `${title}\n${text(lines)}\n${keys}`;
}

describe('attach', () => {
  it('shows the chosen program, and attaches it only after y', async () => {
    const { context, done } = fake();
    await type(context, 'a');
    expect(shown(context)).toMatch(/asm of cpu[\s\S]*y: attach/);
    await type(context, 'j', 'x', 'enter', 'a', 't', 'space');
    expect(shown(context)).toMatch(/▸ map[\s\S]*y attaches `map` to tcp 0\.0\.0\.0:8080[\s\S]*asm of map/);
    expect(done).toEqual([]);
    await type(context, 'y');
    expect(done).toEqual([`attach map ${group?.id} false`, 'refresh']);
    expect(context.get()).toMatchObject({ dialog: null, notice: { text: 'done', ok: true } });
    expect(context.get().marks).toHaveLength(1);
  });

  it('says what the key does, and shows the warnings, on a screen of any size', async () => {
    const { context } = fake({ foreign: true, warnings: ['two workers are pinned to CPU 3'] });
    await type(context, 'a', 'j');
    const [, ...lines] = shown(context, 56, 11).split('\n');
    expect(lines.length).toBeLessThanOrEqual(11 + 1);
    expect(lines.join('\n')).toMatch(
      /▸ map[\s\S]*Y attaches `map` to[\s\S]*program is foreign[\s\S]*pinned to CPU 3/,
    );
    expect(lines.at(-1)).toMatch(/^Y: replace/);
  });

  it('asks for another key to replace a foreign program, and for none if ours is attached already', async () => {
    const foreign = fake({ foreign: true });
    await type(foreign.context, 'a', 'y');
    expect(foreign.done).toEqual([]);
    expect(shown(foreign.context)).toMatch(/program is foreign[\s\S]*Y: replace it/);
    await type(foreign.context, 'Y');
    expect(foreign.done[0]).toBe(`attach cpu ${group?.id} true`);

    const there = fake({ attached: true });
    await type(there.context, 'a', 'y', 'Y');
    expect(there.done).toEqual([]);
    expect(shown(there.context)).toMatch(/already has this program/);
  });

  it('shows a refusal with its remedy, and marks nothing', async () => {
    const error = Object.assign(new Error('no'), { code: 'EPERM', hint: 'be root' });
    const { context } = fake({}, () => Promise.reject(error));
    await type(context, 'a', 'y');
    expect(context.get()).toMatchObject({ notice: { text: 'no: be root', ok: false }, marks: [] });
  });

  it('takes no key while it is being done, and reports its end if the dialog was left', async () => {
    let end: (text: string) => void = () => {};
    const { context, done } = fake({}, () => new Promise((resolve) => (end = resolve)));
    await type(context, 'a', 'y', 'y', 'j', 'y');
    expect(done).toHaveLength(1);
    expect(shown(context)).toMatch(/attaching/);
    await type(context, 'esc', '?');
    end('done at last');
    await sleep(0);
    expect(context.get().dialog?.kind).toBe('help');
    expect(context.get().notice?.text).toBe('done at last');
  });
});

describe('everything else that changes the machine', () => {
  it('is named first, and done only after y', async () => {
    for (const [key, what] of [
      ['d', 'detach'],
      ['t', 'tune'],
      ['u', 'undo'],
      ['s', 'snapshot'],
    ] as const) {
      const { context, done } = fake();
      await type(context, key, 'x', 'enter', key);
      expect(done).toEqual([]);
      expect(shown(context)).toMatch(/y: yes; .*esc: cancel/);
      await type(context, 'y');
      expect(done[0]).toBe(what);
    }
  });
});

describe('tune', () => {
  /** A machine whose `t` does this. */
  function tuning(control: Partial<Control>): Fake {
    const { context, done } = fake();
    const { source } = context;
    if (source.control === null) throw new Error('no control');
    return {
      context: { ...context, source: { ...source, control: { ...source.control, ...control } } },
      done,
    };
  }
  const figure = (percent: number) => ({ percent, events: 4096 });
  const judged = (percent: number): Judged => ({
    seconds: 5,
    rx: figure(percent),
    tx: null,
    accept: figure(percent),
    pps: { rx: 1000, tx: 1000 },
    txShare: null,
  });

  it('says what it waits for, and does not start twice', async () => {
    let ready: (prepared: Prepared) => void = () => {};
    let asked = 0;
    const { context } = tuning({
      prepare: async (_task, _configuration, _group, progress) => {
        asked += 1;
        const done = progress('reading slots ...');
        return new Promise<Prepared>((resolve) => (ready = resolve)).finally(done);
      },
    });
    await type(context, 't');
    expect(context.get().progress).toBe('reading slots ...');
    await type(context, '5', 't');
    expect([asked, context.get().notice?.text]).toEqual([1, 'still reading slots ...']);
    ready({ title: 'Tune port 1', lines: [], choices: [] });
    await sleep(0);
    expect(context.get()).toMatchObject({ progress: null, dialog: { kind: 'confirm' } });
    expect(shown(context)).toMatch(/Tune port 1\n\nesc: close/);
  });

  it('opens no dialog after esc, which would take the next keys', async () => {
    let ready: (prepared: Prepared) => void = () => {};
    const { context } = tuning({
      prepare: async () => new Promise<Prepared>((resolve) => (ready = resolve)),
    });
    await type(context, 't', 'esc');
    ready({ title: 'Tune port 1', lines: [], choices: [] });
    await sleep(0);
    expect(context.get().dialog).toBeNull();
  });

  it('shows each step, then what was measured before and after, and what became of the changes', async () => {
    let end: (outcome: Outcome) => void = () => {};
    const run = async (progress: Progress) => {
      progress('measuring 5 s before the change ...');
      return new Promise<Outcome>((resolve) => (end = resolve));
    };
    const { context } = tuning({
      prepare: async () => ({
        title: 'Tune port 1',
        lines: ['x'],
        choices: [{ key: 'y', label: 'go', run }],
      }),
    });
    await type(context, 't', 'Y');
    expect(context.get().progress).toBeNull();
    await type(context, 'y');
    expect(context.get().progress).toBe('measuring 5 s before the change ...');
    expect(shown(context)).toMatch(/working/);
    const undone = { journal: 'j', restored: [], skipped: [], left: [], notes: [] };
    const tuned = {
      before: judged(50.1),
      after: judged(49.9),
      kept: false,
      why: 'did not rise by 5 points: everything was restored',
      applied: { journal: 'j', done: [], failed: [], notes: [], takenBack: null },
      undone,
    };
    end({ text: tuned.why, ok: false, tuned });
    await sleep(0);
    expect(shown(context)).toMatch(
      /^Tune port 1\nTaken back\.\ndid not rise by 5 points[\s\S]*before +after\nrx on its CPU +50\.1 % +49\.9 %/,
    );
    expect(context.get().marks).toEqual([]);
    await type(context, 'enter');
    expect(context.get().dialog).toBeNull();
  });

  it('says its result in one line if its dialog was left', async () => {
    let end: (outcome: Outcome) => void = () => {};
    const run = () => new Promise<Outcome>((resolve) => (end = resolve));
    const { context } = tuning({
      prepare: async () => ({ title: 'Tune', lines: [], choices: [{ key: 'y', label: 'go', run }] }),
    });
    await type(context, 't', 'y', 'esc');
    const tuned = { before: null, after: null, kept: null, why: 'w', applied: null, undone: null };
    end({ text: 'nothing was changed: 3 packets', ok: false, tuned });
    await sleep(0);
    expect(context.get()).toMatchObject({ dialog: null, notice: { text: 'nothing was changed: 3 packets' } });
  });

  it('can also only apply', async () => {
    const { context, done } = fake();
    await type(context, 't', 'Y');
    expect(done[0]).toBe('only tune');
  });
});

describe('a finding', () => {
  it('opens with its whole message and its commands', async () => {
    const { context } = fake();
    await type(context, '6', 'enter');
    const finding = sample.configuration.findings[0];
    expect(shown(context)).toContain(finding?.subject);
    for (const command of finding?.fix ?? [])
      expect(shown(context).replace(/\s+/g, ' ')).toContain(command.replace(/\s+/g, ' '));
    await type(context, 'esc');
    expect(context.get().dialog).toBeNull();
  });

  it('says what it costs and when to ignore it, as `locality-tune findings RULE` does', async () => {
    const { context } = fake();
    await type(context, '6', 'enter');
    const said = shown(context).replace(/\s+/g, ' ');
    const rule = sample.configuration.findings[0]?.rule;
    const page = parseRuleTexts(findingsPage()).find((each) => each.rule === rule);
    expect(said).toContain(`costs ${page?.costs}`);
    expect(said).toContain(`ignore ${page?.ignore}`);
    expect(said).toContain(`fix ${page?.fix}`);
  });

  it('copies its whole commands to the clipboard, one per line', async () => {
    const fix = sample.configuration.findings[0]?.fix ?? [];
    expect(fix.length).toBeGreaterThan(0);
    for (const keys of [
      ['6', 'c'],
      ['6', 'enter', 'c'],
    ]) {
      const { context, done } = fake();
      await type(context, ...keys);
      expect(done).toEqual([`copy ${fix.join('\n')}\n`]);
      expect(context.get().notice).toMatchObject({ ok: true, text: expect.stringContaining('OSC 52') });
    }
    const { context, done } = fake();
    await type(context, '1', 'c');
    expect(done).toEqual([]);
  });

  it('breaks a command only where that does not change it', () => {
    const command = "echo 'one two three four five six seven eight' /sys/class/net/eth0/queues/rx-0/rps_cpus";
    const finding = { rule: 'r', severity: 'info', subject: 's', message: 'm', fix: [command] } as const;
    const { lines } = contentOf({ kind: 'finding', finding, scroll: 0 }, sample, 30, 30, plain);
    const script = text(lines).split('Commands:\n')[1] ?? '';
    expect(script.split('\n').length).toBeGreaterThan(2);
    const run = (shell: string) => execFileSync('sh', ['-c', shell], { encoding: 'utf8' });
    expect(run(script)).toBe(run(command));
  });
});
