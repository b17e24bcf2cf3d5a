/** What system calls return about a NIC: channels, rings, RSS, and the kernel's list of queues. */
import { isSystemError } from '../system/errors.ts';
import type {
  ChannelCounts,
  EthtoolFacts,
  Files,
  Kernel,
  NetdevNapi,
  NetdevQueue,
  RssContext,
} from '../system/types.ts';
import type { Interface } from './interfaces.ts';
import type { ChannelCount, Channels, Rss, RssContextTable } from './types.ts';
import { readLine } from './values.ts';

export interface NicAnswers {
  readonly ethtool: EthtoolFacts | null;
  /** null before Linux 6.8, and for a virtual interface, which has no IRQs to name. */
  readonly netdev: readonly NetdevQueue[] | null;
  /** Only of a NIC with threaded NAPI; null before Linux 6.8. */
  readonly napis: readonly NetdevNapi[] | null;
  readonly notes: readonly string[];
}

export async function askKernel(
  kernel: Kernel | null,
  { name, index, device }: Interface,
  threaded: boolean,
): Promise<NicAnswers> {
  if (kernel === null) return { ethtool: null, netdev: null, napis: null, notes: [] };
  const notes: string[] = [];
  const attempt = async <T>(what: string, answer: Promise<T>): Promise<T | null> => {
    try {
      return await answer;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      notes.push(`${what}: ${error.code}`);
      return null;
    }
  };
  const [ethtool, netdev, napis] = await Promise.all([
    attempt('channels, rings and RSS', kernel.ethtool(name)),
    device === null || index === null ? null : attempt('queues by netlink', kernel.netdevQueues(index)),
    threaded && index !== null ? attempt('NAPI by netlink', kernel.netdevNapis(index)) : null,
  ]);
  return { ethtool, netdev, napis, notes };
}

/** A kind of channel that the driver does not have is null, where `ethtool -l` prints n/a. */
export function toChannels({ current, max }: NonNullable<EthtoolFacts['channels']>): Channels {
  const setting = (kind: keyof ChannelCounts): ChannelCount | null =>
    max[kind] === 0 && current[kind] === 0 ? null : { current: current[kind], max: max[kind] };
  return { rx: setting('rx'), tx: setting('tx'), combined: setting('combined'), other: setting('other') };
}

/** `rxQueues` is the number of RX queues, null if not known; `hiddenKey` is the key of a driver that shows none. */
export function toRss(
  { rss, hashFields, ntupleRules, rules, rssContexts }: EthtoolFacts,
  rxQueues: number | null,
  hiddenKey: string | null,
): Rss | null {
  if (rss === null) return null;
  const { indirection, key, hashFunction, inputXfrm } = rss;
  return {
    hashFunction,
    inputXfrm,
    key: key.length === 0 ? hiddenKey : formatKey(key),
    indirection,
    isDefault: rxQueues === null || indirection.length === 0 ? null : isEvenSpread(indirection, rxQueues),
    fields: hashFields,
    contexts: rssContexts?.map(({ context }) => context) ?? null,
    contextTables: rssContexts?.map(toContextTable) ?? null,
    ntupleRules,
    rules,
  };
}

function toContextTable({ context, hashFunction, key, indirection }: RssContext): RssContextTable {
  return { context, hashFunction, key: key.length === 0 ? null : formatKey(key), indirection };
}

const formatKey = (key: Uint8Array): string =>
  Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join(':');

/** Drivers that use the kernel's key, and cannot show it (igb_setup_mrqc, igc_setup_mrqc). */
const KERNEL_KEYED: ReadonlySet<string | null> = new Set(['igb', 'igc']);
/** Bytes of it that they use: ten registers. */
const KERNEL_KEY_BYTES = 40;

/** The key that `driver` does not show: random per boot, all zero until a driver requests it (netdev_rss_key_fill). */
export function readHiddenKey(files: Files, driver: string | null): string | null {
  if (!KERNEL_KEYED.has(driver)) return null;
  const key =
    readLine(files, '/proc/sys/net/core/netdev_rss_key')?.split(':').slice(0, KERNEL_KEY_BYTES) ?? [];
  return key.some((byte) => byte !== '00') ? key.join(':') : null;
}

/** The kernel's default table (include/linux/ethtool.h, ethtool_rxfh_indir_default). */
function isEvenSpread(indirection: readonly number[], queues: number): boolean {
  return indirection.every((queue, entry) => queue === entry % queues);
}
