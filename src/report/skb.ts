/** `measure skb` as text: one line per interval. */
import type { SkbFigure } from '../measure/skb.ts';
import { short } from './format.ts';

export interface SkbReport {
  readonly rx: SkbFigure & { readonly pps: number | null };
  readonly tx: SkbFigure & { readonly pps: number | null };
  readonly toDriver: SkbFigure | null;
  readonly lost: number;
  readonly seconds: number;
}

/**
 * `rx= 99%  132kpps tx= 99%  129kpps n=13200/12900`: n is what was counted.
 * @param ownRates the interfaces' counters are of the packets that were counted; otherwise the rates are those of `n`
 */
export function skbLine({ rx, tx, toDriver, lost, seconds }: SkbReport, ownRates: boolean): string {
  const pps = (figure: SkbReport['rx']) => (ownRates ? figure.pps : countedRate(figure, seconds));
  const driver = toDriver === null ? '' : ` driver=${share(toDriver.percent)}`;
  const missing = lost > 0 ? ` lost=${lost}` : '';
  return `rx=${share(rx.percent)} ${rate(pps(rx))} tx=${share(tx.percent)} ${rate(pps(tx))}${counts(rx, tx)}${driver}${missing}`;
}

const counts = (rx: SkbFigure, tx: SkbFigure): string => ` n=${rx.packets ?? '-'}/${tx.packets ?? '-'}`;

const countedRate = ({ packets }: SkbFigure, seconds: number): number | null =>
  packets === null || seconds <= 0 ? null : Math.round(packets / seconds);

/** Whole percents; 100 only for all, 0 only for none. */
function share(percent: number | null): string {
  if (percent === null) return '   -';
  const whole = Math.round(percent);
  const shown = percent < 100 ? Math.min(99, percent > 0 ? Math.max(1, whole) : 0) : 100;
  return `${String(shown).padStart(3)}%`;
}

const rate = (pps: number | null): string => `${pps === null ? '-' : short(pps)}pps`.padStart(8);
