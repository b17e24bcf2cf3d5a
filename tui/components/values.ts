/** Formats measured values in fixed widths, so that columns do not jump; an unknown one is a dash. */
import { short } from '../../src/report/format.ts';
import type { Theme } from '../theme.ts';
import type { Tone } from './line.ts';

type Locality = Extract<Tone, 'local' | 'partly' | 'remote' | 'unknown'>;

/** A few remote packets exist on every machine. */
const LOCAL = 95;
/** Between the figures of hashing over three CPUs and over two, so that neither flickers between two colours. */
const REMOTE = 40;

/** Tone of a measured percentage: local, partly, or mostly remote. */
export function percentTone(percent: number | null): Locality {
  if (percent === null) return 'unknown';
  if (percent >= LOCAL) return 'local';
  return percent < REMOTE ? 'remote' : 'partly';
}

/** Tone of an expected share, 0 to 1, which is exact. */
export function expectedTone(share: number | null): Locality {
  if (share === null) return 'unknown';
  return share === 1 ? 'local' : share === 0 ? 'remote' : 'partly';
}

/** Columns of {@link percentText}. */
export const PERCENT = 5;

/** `12.6`, `100.0`; the unit is in the column head. */
export function percentText(percent: number | null, { mark }: Theme): string {
  return percent === null ? mark.unknown : percent.toFixed(1);
}

/** Columns of {@link rateText}. */
export const RATE = 5;

/** Events a second: `0.4`, `9999`, `132k`. */
export function rateText(rate: number | null, { mark }: Theme): string {
  if (rate === null) return mark.unknown;
  return rate > 0 && rate < 9.95 ? rate.toFixed(1) : short(Math.round(rate));
}

/** Columns of {@link ppsText}. */
export const PPS = 9;

/** `874 pps`, `132 kpps`, `1.2 Mpps`. */
export function ppsText(pps: number | null, theme: Theme): string {
  const [, number, unit] = /^([^kMG]*)(.?)$/.exec(rateText(pps, theme)) ?? [];
  return `${number} ${unit}pps`;
}

/** The clock of an ISO 8601 time in local time, `13:37:02`; blank if it is not a time. */
export function clockText(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? ' '.repeat(8) : date.toTimeString().slice(0, 8);
}
