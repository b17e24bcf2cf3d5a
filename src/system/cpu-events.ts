/** CPUs that go offline or online, by the kernel's uevents (lib/kobject_uevent.c, drivers/base/core.c). */
import { EVERYTHING, jumpIf, loadWord, result } from './socket-filter.ts';

/** What udev reads; its own messages are in group 2. */
export const UEVENT_GROUP = 1;
/** `ACTION@DEVPATH`, and then the same again as variables. */
const UEVENT = /^(on|off)line@\/devices\/system\/cpu\/cpu(\d{1,5})$/;

export interface CpuEvent {
  readonly kind: 'cpu';
  readonly cpu: number;
  readonly online: boolean;
}

/** From any bytes. */
export function decodeCpuEvents(bytes: Uint8Array): CpuEvent[] {
  const end = bytes.indexOf(0);
  const first = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
  const [, how, cpu] = UEVENT.exec(first) ?? [];
  return cpu === undefined ? [] : [{ kind: 'cpu', cpu: Number(cpu), online: how === 'on' }];
}

const word = (text: string): number => Buffer.from(text).readUInt32BE(0);

/** Lets through `online` and `offline` of any device: other uevents come in hundreds. */
export const onlineFilter = (): Uint8Array =>
  Buffer.concat([
    loadWord(0),
    jumpIf(word('onli'), 2, 0),
    jumpIf(word('offl'), 1, 0),
    result(0),
    result(EVERYTHING),
  ]);
