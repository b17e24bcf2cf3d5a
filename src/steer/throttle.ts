/**
 * Replacing about a thousand programs per second can deadlock the BPF allocator of Linux 6.9 and later until the next
 * boot. Ten per second, over all runs of this tool, is far below that.
 */
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 100;
const STAMP_FOLDER = '/run/locality-tune';

let last = 0;

/** Waits until the next program may be set. The limit spans processes only as root, because /run belongs to root. */
export async function throttle(): Promise<void> {
  const due = Math.max(last, lastOfAnyProcess()) + INTERVAL_MS;
  const now = Date.now();
  // If the clock was set back, do not wait for hours.
  if (due > now) await sleep(Math.min(due - now, INTERVAL_MS));
  last = Date.now();
  leaveStamp(last);
}

function lastOfAnyProcess(): number {
  return statSync(`${STAMP_FOLDER}/attach`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function leaveStamp(time: number): void {
  if (process.getuid?.() !== 0) return;
  try {
    mkdirSync(STAMP_FOLDER, { recursive: true, mode: 0o755 });
    writeFileSync(`${STAMP_FOLDER}/attach`, '');
    utimesSync(`${STAMP_FOLDER}/attach`, time / 1000, time / 1000);
  } catch {
    // With a read-only /run there is no limit across processes; this process keeps its own.
  }
}
