/** This machine, as `export`, `metrics` and `watch --listen` describe it. */
import { machine } from 'node:os';
import { parseRuleTexts } from '../../diagnose/rule-texts.ts';
import type { ExporterOptions, Watching } from '../../export/exporter.ts';
import { PROBES, type ProbeName } from '../../export/probes.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import { netnsInode } from '../../system/netns.ts';
import { findingsPage } from '../../system/package.ts';
import { askCounters } from '../../watch/ask.ts';
import { checkInterfaces } from '../host-source.ts';
import { say } from '../output.ts';
import type { MetricsOptions } from './export-options.ts';

export const EVERYONE = 'note: everyone who can reach this address can read the metrics\n';

/** Opens this machine, again for each reading. Throws CliError no-such-interface. */
export function openMetered({ iface = [] }: Pick<MetricsOptions, 'iface'>) {
  const kernel = openKernel();
  const open = () => ({ files: openFiles('/'), kernel });
  checkInterfaces(open().files, iface);
  return open;
}

export const meteredOptions = ({ iface = [], port, slots, perIrq }: MetricsOptions) =>
  ({
    arch: machine(),
    ifaces: iface,
    port: port ?? null,
    slots,
    perIrq: perIrq === true,
    rules: parseRuleTexts(findingsPage()),
    trouble: (message) => say(`locality-tune: ${message}\n`),
  }) satisfies Partial<ExporterOptions>;

/** skb counts the packets of all network namespaces at once. */
export const probesIn = (netns: MetricsOptions['netns']): readonly ProbeName[] =>
  netns === undefined ? PROBES : PROBES.filter((probe) => probe !== 'skb');

/** The watchers of this network namespace, as another process asks them. */
export async function watchersHere(): Promise<Watching> {
  if (process.geteuid?.() !== 0) return { watchers: [], silent: [], missing: 'not-root' };
  const { answers, silent, notes } = await askCounters(netnsInode());
  const missing = notes.length > 0 ? 'failed' : answers.length === 0 ? 'not-running' : null;
  return { watchers: answers, silent, missing };
}
