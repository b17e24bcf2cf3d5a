/** `locality-tune export`: serves metrics until it is stopped. */
import { DEFAULT_ADDRESS, isLoopback, parseListen } from '../../export/address.ts';
import type { ProbeName } from '../../export/probes.ts';
import { serveMetrics } from '../../export/serve.ts';
import { GIVE_BACK_MS, giveBack } from '../../system/give-back.ts';
import { openNotifier, passedSockets } from '../../system/service-manager.ts';
import { during, usage } from '../errors.ts';
import { printDocument, say } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import type { ExportCommandOptions } from './export-options.ts';
import { EVERYONE, meteredOptions, openMetered, probesIn, watchersHere } from './machine.ts';

const SCHEMA = 'locality-tune.export/1';

export async function runExport(options: ExportCommandOptions): Promise<void> {
  const addresses = addressesOf(options);
  const probes = probesOf(options);
  const open = openMetered(options);
  const signal = untilInterrupted();
  const serving = await during('export', 'CAP_NET_BIND_SERVICE for a port below 1024', () =>
    serveMetrics(
      open,
      {
        ...meteredOptions(options),
        addresses,
        sampling: { schedule: options.sample ?? null, probes, matrix: options.matrix === true },
        watching: watchersHere,
      },
      signal,
    ),
  );
  const listening = serving.addresses.map((address) => `http://${address}/metrics`);
  if (options.json || options.pretty) printDocument({ schema: SCHEMA, listening }, options);
  else say(`serving ${listening.join(', ')}. Ctrl-C ends it.\n`);
  if (addresses.some((each) => 'host' in each && !isLoopback(each.host))) say(EVERYONE);
  const notifier = openNotifier(process.env);
  notifier?.ready(`serving ${listening.join(', ')}`);
  const tidying = [setTimeout(giveBack, STARTED_MS), setInterval(giveBack, GIVE_BACK_MS)];
  await serving.ended;
  for (const each of tidying) clearTimeout(each);
  notifier?.stopping('stopped');
}

/** The first scrapes have been answered by then. */
const STARTED_MS = 60_000;

/** An option beats the sockets of the service manager, and these beat the default. */
function addressesOf({ listen }: ExportCommandOptions) {
  if (listen !== undefined) return [listen];
  const passed = passedSockets(process.env, process.pid);
  const usual = parseListen(DEFAULT_ADDRESS);
  return passed.length > 0 ? passed.map(({ fd }) => ({ fd })) : usual === null ? [] : [usual];
}

function probesOf({ sample, probes, netns, matrix }: ExportCommandOptions): readonly ProbeName[] {
  if (sample === undefined && probes !== undefined)
    throw usage('--probes: needs --sample', 'add --sample 5/60');
  if (sample === undefined && matrix) throw usage('--matrix: needs --sample', 'add --sample 5/60');
  if (netns !== undefined && probes?.includes('skb'))
    throw usage('--probes skb: counts the packets of all network namespaces', 'omit --netns');
  return probes ?? probesIn(netns);
}
