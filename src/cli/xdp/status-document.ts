/** The JSON of one interface with a program. */
import { formatBy, formatPorts } from '../../xdp/spread.ts';
import type { InterfaceStatus } from '../../xdp/status.ts';
import type { XdpInterface } from '../documents/xdp.ts';

export function toDocument({ state, program, spread, sport, warnings }: InterfaceStatus): XdpInterface {
  const { by = null, cpus = null, queue = null } = spread?.settings ?? {};
  const counters = spread?.counters ?? null;
  return {
    iface: state.name,
    mode: program.mode,
    by: by === null ? null : formatBy(by),
    ports:
      spread !== null ? formatPorts(spread.settings) : sport !== null ? sport.settings.ports.join(',') : null,
    cpus,
    queueSize: queue,
    program: {
      id: program.programId,
      name: program.info?.name ?? null,
      tag: program.info?.tag ?? null,
      uid: program.info?.uid ?? null,
      // null: the program may not be read.
      ours: program.info === null ? null : program.own !== null,
    },
    counters:
      counters === null
        ? null
        : { spread: counters.spread, perCpu: counters.perCpu, passed: counters.passed },
    arrived: counters?.arrived ?? null,
    lost: counters?.lost ?? null,
    sport:
      sport === null
        ? null
        : {
            first: sport.settings.first,
            last: sport.settings.last,
            restore: sport.settings.restore,
            restored: sport.restored,
            ...sport.counters,
          },
    warnings,
  };
}
