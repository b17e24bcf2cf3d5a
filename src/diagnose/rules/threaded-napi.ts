import type { Host } from '../../host/types.ts';
import { word } from '../../words/shell.ts';
import { withNic } from '../after.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

/** With threads the scheduler decides where packets are received, so the IRQ affinity says nothing. */
export function threadedNapi({ host, quiet }: Facts): readonly Found[] {
  return liveNics(host)
    .filter((nic) => nic.threadedNapi === true)
    .map((nic) => ({
      rule: 'threaded-napi',
      severity: quiet.has(nic) ? 'info' : 'warning',
      subject: nic.name,
      message:
        'NAPI runs in kernel threads (napi/…), so packets are received where the scheduler runs these threads, ' +
        "not on the IRQs' CPUs.",
      fix: [`echo 0 > ${word(`/sys/class/net/${nic.name}/threaded`)}`],
      after: (each: Host) => withNic(each, nic.name, (own) => ({ ...own, threadedNapi: false })),
    }));
}
