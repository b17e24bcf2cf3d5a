/** The machine in a few lines. */

import type { Machine, Processor } from '../host/types.ts';
import { count, UNKNOWN } from '../words/phrase.ts';
import { cpuSet, value } from './format.ts';
import { type Line, paragraph, type Style } from './text.ts';

const NODES = 8;

export function machineLines(machine: Machine, style: Style): readonly Line[] {
  const { hostname, kernel, arch, distro, cpus, processor, memoryBytes, irqbalance, rpsSockFlowEntries } =
    machine;
  const isolated = cpus.isolated.length > 0 ? `; isolated ${cpuSet(cpus.isolated)}` : '';
  const threads =
    cpus.smtSiblings.length > 0 ? `; ${count(cpus.smtSiblings.length, 'core')} with several threads` : '';
  const nodes = cpus.numa.slice(0, NODES).map(({ node, cpus: of }) => `node ${node}: ${cpuSet(of)}`);
  const more = cpus.numa.length > NODES ? `; ${cpus.numa.length - NODES} more nodes` : '';
  const rows: readonly (readonly [string, string])[] = [
    ['host', `${value(hostname)}, ${value(distro)}, kernel ${value(kernel)}, ${value(arch)}`],
    ['cpus', `${cpus.online.length} online: ${cpuSet(cpus.online)}${isolated}${threads}`],
    ...(processor === null ? [] : [['processor', processorText(processor)] as const]),
    ...(memoryBytes === null ? [] : [['memory', `${(memoryBytes / 1024 ** 3).toFixed(1)} GiB`] as const]),
    ['numa', nodes.length === 0 ? UNKNOWN : nodes.join('; ') + more],
    ['irqbalance', irqbalanceText(irqbalance)],
    ['rfs', rfs(rpsSockFlowEntries)],
  ];
  return rows.flatMap(([name, text]) => paragraph(name.padEnd(12), text, style));
}

function processorText({ model, sockets, cores, l2Bytes, l3Bytes }: Processor): string {
  const cache = (name: string, bytes: number | null) =>
    bytes === null ? [] : [`${name} ${Math.round(bytes / 1024 / 1024)} MiB`];
  const parts = [
    ...(sockets === null ? [] : [count(sockets, 'socket')]),
    ...(cores === null ? [] : [count(cores, 'core')]),
    ...cache('L2', l2Bytes),
    ...cache('L3', l3Bytes),
  ];
  return [model ?? 'model not known', ...parts].join(', ');
}

function irqbalanceText({ running, bannedIrqs }: Machine['irqbalance']): string {
  if (running === null) return UNKNOWN;
  if (!running) return 'not running';
  return `running, ${bannedIrqs === null ? 'its banned IRQs are not known' : `${count(bannedIrqs.length, 'IRQ')} banned`}`;
}

function rfs(entries: number | null): string {
  if (entries === null) return UNKNOWN;
  return entries === 0 ? 'off' : `${entries} flow entries`;
}
