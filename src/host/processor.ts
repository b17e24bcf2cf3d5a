/** What the CPUs are. Locality pays by what stays in their caches. */
import type { Processor } from './types.ts';

const TIME_LIMIT_MS = 2_000;

/**
 * By systeminformation, which knows many machines' ways of saying it: three shells and 60 ms, so only where a reading
 * takes seconds anyway. null when it does not answer in time.
 */
export async function readProcessor(): Promise<Processor | null> {
  const { default: systeminformation } = await import('systeminformation');
  const late = new Promise<null>((resolve) => setTimeout(resolve, TIME_LIMIT_MS, null).unref());
  const cpu = await Promise.race([systeminformation.cpu(), late]);
  if (cpu === null) return null;
  const { manufacturer, brand, processors, physicalCores, cache } = cpu;
  return {
    model: `${manufacturer} ${brand}`.replace(/[^ -~]/g, '').trim() || null,
    sockets: processors || null,
    cores: physicalCores || null,
    l2Bytes: cache.l2 || null,
    l3Bytes: cache.l3 || null,
  };
}
