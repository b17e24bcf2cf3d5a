/** `locality-tune measure skb`: runs the probe and prints each interval. */
import { parseCpuList } from '../../host/cpus.ts';
import { cpuMapMeasureNotes, readKernelThreads } from '../../host/kernel-threads.ts';
import { incompleteness } from '../../measure/completeness.ts';
import type { Filter } from '../../measure/filter.ts';
import { countedInterfaces, packetRates, readPacketCounts } from '../../measure/interface-rates.ts';
import { startSession } from '../../measure/session.ts';
import { toSkbs } from '../../measure/skb.ts';
import { countsTx, skbQuestion } from '../../measure/skb-question.ts';
import { skbLine } from '../../report/skb.ts';
import { openFiles } from '../../system/files.ts';
import type { Files } from '../../system/types.ts';
import type { SkbDocument } from '../documents/measure.ts';
import { usage } from '../errors.ts';
import { createNotePrinter, print, printDocument } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { checkSubject, filterOf, type MeasureOptions, only, showingStart } from './measure-options.ts';

export interface MeasureSkbCommandOptions extends MeasureOptions {
  readonly by: 'use' | 'free';
  readonly toDriver?: true;
}

export async function runMeasureSkb(options: MeasureSkbCommandOptions): Promise<void> {
  const filter = checkedFilter(options);
  // A port may be that of a client, or in any network namespace.
  checkSubject(options.pid, undefined, 'tcp');
  const toDriver = options.toDriver === true;
  const question = await skbQuestion(filter, options.interval, { by: options.by, toDriver });
  const signal = untilInterrupted();
  const files = openFiles('/');
  const cpus = parseCpuList(files.text('/sys/devices/system/cpu/online') ?? '') ?? [];
  const session = await showingStart(() =>
    startSession(only(question, options), { count: options.count ?? null, signal }),
  );
  const { name, notes } = session.variant;
  const counted = { tx: countsTx(name, filter), toDriver };
  const ownRates = !isFiltered(filter) && seesAllNamespaces(files);
  const names = countedInterfaces(files).join(', ');
  const json = options.json || options.pretty;
  const interfaces = [
    ...(ownRates || json ? [`pps: of ${names}, for all sockets`] : []),
    ...(ownRates || json ? [] : ['rates are those of the packets that were counted (n: rx/tx)']),
    ...(isFiltered(filter) || seesAllNamespaces(files)
      ? []
      : ['the packets of all network namespaces are counted; filter with --pid, --comm or --port']),
  ];
  const redirected = cpuMapMeasureNotes(readKernelThreads(files), 'allocated');
  const printNotes = createNotePrinter();
  let before = readPacketCounts(files);
  for await (const interval of session.intervals) {
    const now = readPacketCounts(files);
    const pps = packetRates(before, now);
    before = now;
    const { notes: found, ...skbs } = toSkbs(interval, cpus, counted);
    const all = [...notes, ...redirected, ...interfaces, ...incompleteness(interval), ...found];
    const { time, seconds, lost } = interval;
    const document: SkbDocument = {
      schema: 'locality-tune.skb/1',
      time,
      seconds: Math.round(seconds * 1000) / 1000,
      coverage: name,
      ...skbs,
      rx: { ...skbs.rx, pps: pps.rx },
      tx: { ...skbs.tx, pps: pps.tx },
      cpus,
      lost,
      notes: all,
    };
    if (json) printDocument(document, options);
    else {
      printNotes(all);
      print(`${skbLine(document, ownRates)}\n`);
    }
  }
}

const isFiltered = ({ pid, comm, port }: Filter): boolean => pid !== null || comm !== null || port !== null;

/** Are this namespace's interfaces the machine's? Where neither init nor kthreadd can be read, they are taken to be. */
function seesAllNamespaces(files: Files): boolean {
  const first = files.link('/proc/1/ns/net') ?? files.link('/proc/2/ns/net');
  return first === null || first === files.link('/proc/self/ns/net');
}

function checkedFilter(options: MeasureSkbCommandOptions): Filter {
  const filter = filterOf(options);
  const filtered = isFiltered(filter);
  if (filtered && options.by === 'free')
    throw usage(
      '--by free: cannot be filtered, because packets are freed in the context of any process',
      'omit the filter',
    );
  if (filtered && options.toDriver)
    throw usage(
      '--to-driver: cannot be filtered, because drivers are called in the context of any process',
      'omit the filter',
    );
  if (options.netns !== undefined)
    throw usage(
      '--netns: measure skb counts the packets of all network namespaces',
      `omit --netns${filtered ? '' : ', and filter with --pid, --comm or --port'}`,
    );
  return filter;
}
