/**
 * Queues and their NAPI instances from the netdev family (include/uapi/linux/netdev.h,
 * net/core/netdev-genl.c).
 */
import { isErrno } from './errors.ts';
import { genlFamily, genlRequest } from './genetlink.ts';
import { type Ask, encodeAttribute, encodeU32, unsigned } from './netlink.ts';
import type { NetdevNapi, NetdevQueue } from './types.ts';

type Attributes = ReadonlyMap<number, Uint8Array>;

const NETDEV_A_QUEUE_ID = 1;
const NETDEV_A_QUEUE_TYPE = 3;
const NETDEV_A_QUEUE_NAPI_ID = 4;
const NETDEV_A_NAPI_ID = 2;
const NETDEV_A_NAPI_IRQ = 3;
const NETDEV_A_NAPI_PID = 4;
const QUEUE_TYPES = ['rx', 'tx'] as const;

/** What can be listed of an interface: by a command of the family, whose attribute has the ifindex. */
interface Objects {
  readonly command: number;
  readonly attribute: number;
  readonly what: string;
}

/** NETDEV_CMD_QUEUE_GET, NETDEV_A_QUEUE_IFINDEX */
const QUEUES: Objects = { command: 10, attribute: 2, what: 'netdev queue-get' };
/** NETDEV_CMD_NAPI_GET, NETDEV_A_NAPI_IFINDEX */
const NAPIS: Objects = { command: 11, attribute: 1, what: 'netdev napi-get' };

/** Joins the answers of queue-get and napi-get. A queue without id or type is skipped. */
export function joinQueues(queues: readonly Attributes[], napis: readonly Attributes[]): NetdevQueue[] {
  const byId = new Map(napis.map((napi) => [unsigned(napi.get(NETDEV_A_NAPI_ID)), napi]));
  return queues.flatMap((queue) => {
    const id = unsigned(queue.get(NETDEV_A_QUEUE_ID));
    const type = QUEUE_TYPES[unsigned(queue.get(NETDEV_A_QUEUE_TYPE)) ?? QUEUE_TYPES.length];
    if (id === null || type === undefined) return [];
    const napiId = unsigned(queue.get(NETDEV_A_QUEUE_NAPI_ID));
    const napi = napiId === null ? undefined : byId.get(napiId);
    const irq = unsigned(napi?.get(NETDEV_A_NAPI_IRQ));
    return [{ id, type, napiId, irq, pid: unsigned(napi?.get(NETDEV_A_NAPI_PID)) }];
  });
}

/**
 * The queues of an interface; none while it is down. null before Linux 6.8, which introduced the family and these two
 * commands. Throws SystemError, ENODEV if the interface is gone.
 */
export async function netdevQueues(ask: Ask, ifindex: number): Promise<NetdevQueue[] | null> {
  const family = await genlFamily(ask, 'netdev');
  if (family === null) return null;
  const [queues, napis] = await Promise.all([
    dump(ask, family, QUEUES, ifindex),
    dump(ask, family, NAPIS, ifindex),
  ]);
  return queues === null || napis === null ? null : joinQueues(queues, napis);
}

/** The NAPI instances of an interface, with and without queues of their own; null and throws as `netdevQueues`. */
export async function netdevNapis(ask: Ask, ifindex: number): Promise<NetdevNapi[] | null> {
  const family = await genlFamily(ask, 'netdev');
  if (family === null) return null;
  const napis = await dump(ask, family, NAPIS, ifindex);
  return (
    napis?.flatMap((napi) => {
      const id = unsigned(napi.get(NETDEV_A_NAPI_ID));
      return id === null ? [] : [{ id, pid: unsigned(napi.get(NETDEV_A_NAPI_PID)) }];
    }) ?? null
  );
}

/** null before Linux 6.8. */
async function dump(
  ask: Ask,
  family: number,
  { command, attribute, what }: Objects,
  ifindex: number,
): Promise<readonly Attributes[] | null> {
  const attributes = [encodeAttribute(attribute, encodeU32(ifindex))];
  try {
    return await genlRequest(ask, { family, command, dump: true, attributes }, what);
  } catch (error) {
    if (isErrno(error, 'ENOTSUP')) return null;
    throw error;
  }
}
