/** The view on this machine, acting on the demo's server: what a key asks, what the second one does, what then shows. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';
import { childrenOf, ofProcess } from '../integration/processes.ts';
import { until } from '../integration/servers.ts';
import { openScreen, type Screen } from './pty.ts';

let screen: Screen | null = null;
afterEach(async () => {
  screen?.kill('SIGTERM');
  await screen?.ended;
  screen = null;
});

/** The view's own bpftrace processes, through any wrapper. */
function probesOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => {
    return ofProcess(child, 'comm') === 'bpftrace\n' ? [child] : probesOf(child);
  });
}

const match = (text: string): number => Number(/accept :\d+ +([\d.]+) %/.exec(text)?.[1] ?? Number.NaN);

describe('the demo', () => {
  it('is matched by a program that is attached in the dialog, and no longer when it is detached', async () => {
    screen = openScreen(process.execPath, [ENTRY, 'live', '--demo'], { columns: 120, rows: 40 });
    await screen.until((text) => match(text) < 90, 'a match by hash');
    // Its slots are read in the background.
    screen.type('4');
    await screen.until(/slot[\s\S]*hash/);
    screen.type('a');
    await screen.until(/Attach a program[\s\S]*ld cpu\s+│\n.*mod #\d+\s+│\n.*ret a[\s\S]*y: attach/);
    screen.type('j');
    await screen.until(/▸ map[\s\S]*y: attach/);
    // Leaving it, or any other key, changes nothing.
    screen.type('x\x1b');
    await screen.until((text) => !text.includes('Attach a program'));
    screen.type('d');
    await screen.until(/had no program/);
    screen.type('\x1b');
    await screen.until((text) => !text.includes('had no program'));

    screen.type('a');
    await screen.until(/y: attach/);
    screen.type('y');
    await screen.until(/attached `cpu` to tcp 127\.0\.0\.1/);
    await screen.until(/ld cpu; mod #\d+; ret a/, 'the program of the group, read again');
    screen.type('1');
    await screen.until((text) => match(text) > 99, 'a match by the program', 30);
    await screen.until(/Demo: accept and RX are local now\. Press d, then y/);

    screen.type('d');
    await screen.until(/Detaches `cpu` from tcp 127\.0\.0\.1[\s\S]*y: detach/);
    screen.type('y');
    await screen.until(/detached the program/);
    await screen.until((text) => match(text) < 90, 'a match by hash again', 30);
    screen.type('7');
    await screen.until(/attached `cpu`[\s\S]*detached the program/);
  });

  it('is tuned by a plan that is shown first, and restored', async () => {
    const state = mkdtempSync(join(tmpdir(), 'lt-view-state-'));
    try {
      const env = { LOCALITY_TUNE_STATE: state };
      screen = openScreen(process.execPath, [ENTRY, 'live', '--demo'], { columns: 120, rows: 40, env });
      await screen.until(/1 overview/);
      // In the first frame no slot was read yet.
      screen.type('t');
      await screen.until(/reading queues, sockets and slots/);
      await screen.until(/- program tcp 127\.0\.0\.1:\d+: none -> [\s\S]*y: apply and measure/);
      screen.type('\x1b');
      await screen.until((text) => !text.includes('y: apply'));
      screen.type('4u');
      await screen.until(/Nothing is applied/);
      screen.type('\x1b');
      await screen.until((text) => !text.includes('Nothing is applied'));
      screen.type('t');
      await screen.until(/- program tcp 127\.0\.0\.1:\d+: none -> [\s\S]*Y: apply only/);
      screen.type('Y');
      await screen.until(/applied 1 change; u undoes it/);
      await screen.until(/ld cpu; mod #\d+; ret a/, 'the program of the group, read again');
      screen.type('u');
      await screen.until(/Restores 1 setting of journal[\s\S]*y: undo/);
      screen.type('y');
      await screen.until(/restored 1 setting/);
      await screen.until((text) => !text.includes('ld cpu;'), 'the group without a program');
    } finally {
      rmSync(state, { recursive: true });
    }
  });

  it('continues if bpftrace is killed, says so, and starts it again', async () => {
    screen = openScreen(process.execPath, [ENTRY, 'live', '--demo'], { columns: 120, rows: 40 });
    const view = screen;
    // The probe counts. Its state is not shown, because the demo says what to press.
    await view.until(/─ Matrix ─/);
    await until(() => probesOf(view.pid).length >= 2, 'both probes run');
    for (const pid of probesOf(view.pid)) process.kill(pid, 'SIGKILL');
    await view.until(/probe: .*retry in 5 s/);
    const clock = () => /\d\d:\d\d:\d\d/.exec(view.text())?.[0];
    const then = clock();
    view.type('3');
    await view.until(/\[3 queues\]/);
    await until(() => clock() !== then, 'time goes on');
    await view.until((text) => !text.includes('retry in'), 'the probe runs again', 40);
    await until(() => probesOf(view.pid).length >= 2, 'both probes run again');
    const probes = probesOf(view.pid);
    view.type('q');
    expect(await view.ended).toMatchObject({ code: 0 });
    await until(() => probes.every((pid) => !existsSync(`/proc/${pid}/exe`)), 'the probes are gone');
  });
});
