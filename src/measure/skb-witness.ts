/** Before and after a change: are the packets of a port read on the CPU that made them? */
import { cpus } from 'node:os';
import { readCapabilities } from './capabilities.ts';
import { ANY, filterParameters } from './filter.ts';
import { skbKeys, toSkbs } from './skb.ts';
import { skbVariants } from './skb-variants.ts';
import { type Witness, watch } from './witness.ts';

export function watchReads(port: number): Promise<Witness> {
  const filter = { ...ANY, port };
  return watch(
    async () => ({
      variants: skbVariants({ by: 'use', filter, toDriver: false }, await readCapabilities()),
      parameters: filterParameters(filter),
      keys: skbKeys(cpus().length),
    }),
    (interval) => {
      const { rx } = toSkbs(interval, [], { tx: false, toDriver: false });
      return { events: rx.packets ?? 0, local: rx.local ?? 0 };
    },
  );
}
