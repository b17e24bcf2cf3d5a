/** The options that `measure skb`, `accept` and `udp` share. */
import type { Filter } from '../measure/filter.ts';
import type { Globals } from './options.ts';

export interface MeasureOptions extends Globals {
  /** Seconds. */
  readonly interval: number;
  /** Intervals; endless without. */
  readonly count?: number;
  readonly pid?: number;
  readonly comm?: string;
  readonly port?: number;
}

export const filterOf = ({ pid, port, comm }: MeasureOptions): Filter => ({
  pid: pid ?? null,
  port: port ?? null,
  comm: comm ?? null,
});
