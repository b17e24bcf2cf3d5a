/** A network namespace with a veth pair of two queues, and a folder for journals: a machine to watch. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WatchEvent } from '../../src/watch/types.ts';
import { type Live, startLive } from './live.ts';

export interface VethMachine {
  readonly netns: string;
  /** The folder of journals. */
  readonly state: string;
  /** Runs a shell command inside. */
  inside(command: string): string;
  /** Resolves once it watches v0. */
  watch(...options: string[]): Promise<Live>;
  close(): void;
}

export function openVethMachine(name: string): VethMachine {
  const netns = `lt-${name}-${process.pid}`;
  const state = mkdtempSync(join(tmpdir(), `lt-${name}-`));
  process.env['LOCALITY_TUNE_STATE'] = state;
  execFileSync('ip', ['netns', 'add', netns]);
  const inside = (command: string) =>
    execFileSync('ip', ['netns', 'exec', netns, 'sh', '-c', command], { encoding: 'utf8' });
  const queues = 'numrxqueues 2 numtxqueues 2';
  inside(`ip link add v0 address 02:00:5e:10:00:01 ${queues} type veth peer name v1
ip link set v0 up; ip link set v1 up`);
  return {
    netns,
    state,
    inside,
    watch: async (...options) => {
      const live = startLive(['watch', '--netns', netns, '--iface', 'v0', '-j', ...options]);
      await live.document();
      return live;
    },
    close: () => {
      execFileSync('ip', ['netns', 'del', netns]);
      rmSync(state, { recursive: true, force: true });
      delete process.env['LOCALITY_TUNE_STATE'];
    },
  };
}

/** The next event that fits. */
export async function nextEvent(live: Live, wanted: (event: WatchEvent) => boolean): Promise<WatchEvent> {
  for (;;) {
    const event = await live.document<WatchEvent>();
    if (wanted(event)) return event;
  }
}
