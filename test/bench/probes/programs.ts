/** What our probe is measured against. All three are programs as `measure` runs them (ProbeVariant, src/measure/types.ts). */
import { readFileSync } from 'node:fs';

/** BEGIN, END and interval stay out of it: they cost a packet nothing. */
const HOOK = /^(kfunc|kretfunc|kprobe|kretprobe|rawtracepoint|tracepoint):[\w:]+/gm;

/** The same hooks, which do nothing: what no probe there can go below. */
export function emptied(program: string): string {
  const hooks = Array.from(program.matchAll(HOOK), ([hook]) => `${hook} {}`);
  return [
    'BEGIN { printf("Tracing nothing.\\n"); }',
    ...hooks,
    'interval:s:1 { time("%H:%M:%S\\n"); }',
    '',
  ].join('\n');
}

/** The script of 2017 by the mechanism of a variant of ours; `incoming-cpu` is made of kprobes. It had room for 32,768 packets. */
export function mapPort(variant: string): string {
  const mechanism = variant === 'incoming-cpu' ? 'kprobe' : variant;
  return readFileSync(new URL(`map-port.${mechanism}.bt`, import.meta.url), 'utf8');
}
export const MAP_PORT_KEYS = 32_768;
