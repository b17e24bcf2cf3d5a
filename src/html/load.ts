/** What each RX queue received between the two readings of a snapshot, as bars. */
import type { Nic } from '../host/types.ts';
import type { QueueRate } from '../measure/queue-rates.ts';
import { short } from '../report/format.ts';
import { rxQueueRates } from '../snapshot/rates.ts';
import type { SnapshotCounters } from '../snapshot/types.ts';
import { html, type Markup } from './markup.ts';

const WIDTH = 560;
const HEIGHT = 90;

/** Nothing for a NIC with one queue, or if nothing was received. */
export function loadOf(nics: readonly Nic[], counters: SnapshotCounters): readonly Markup[] {
  const byNic = Map.groupBy(rxQueueRates(nics, counters), ({ nic }) => nic);
  return Array.from(byNic, ([nic, queues]) => {
    const counted = queues.some(({ pps }) => pps !== null);
    const bars = queues.map((queue): Bar => {
      const interrupts = queue.interrupts === null ? null : queue.interrupts / counters.seconds;
      return { ...queue, interrupts, height: (counted ? queue.pps : interrupts) ?? 0 };
    });
    const most = bars.reduce((max, { height }) => Math.max(max, height), 0);
    return bars.length < 2 || most === 0 ? [] : [figure(nic, bars, counted, most)];
  }).flat();
}

/** A queue with its rates per second, and the rate that is drawn. */
interface Bar extends QueueRate {
  readonly height: number;
}

function figure(nic: string, bars: readonly Bar[], counted: boolean, most: number): Markup {
  const pitch = WIDTH / bars.length;
  const rate = (value: number | null): string => (value === null ? 'not counted' : short(Math.round(value)));
  const unit = counted ? 'packets/s' : 'interrupts/s';
  const labelled = Math.ceil(bars.length / 16);
  const bar = ({ rxQueue, pps, interrupts, height }: Bar, at: number): Markup => {
    const drawn = (height / most) * (HEIGHT - 4);
    const middle = (at + 0.4) * pitch;
    const label = html`<text x="${middle.toFixed(2)}" y="${HEIGHT + 14}" text-anchor="middle">${rxQueue}</text>`;
    return html`<g><title>rx-${rxQueue}: ${rate(pps)} packets/s, ${rate(interrupts)} interrupts/s</title><rect x="${(at * pitch).toFixed(2)}" y="${(HEIGHT - drawn).toFixed(2)}" width="${(pitch * 0.8).toFixed(2)}" height="${drawn.toFixed(2)}"/>${at % labelled === 0 ? label : null}</g>`;
  };
  return html`<figure><figcaption>${nic}: ${unit} of each rx queue, ${short(Math.round(most))} at most</figcaption>
<svg class="load" role="img" aria-label="${nic}: ${unit} of each rx queue" viewBox="0 0 ${WIDTH} ${HEIGHT + 18}">
<path class="axis" d="M0 ${HEIGHT}h${WIDTH}"/>
${bars.map(bar)}
</svg></figure>`;
}
