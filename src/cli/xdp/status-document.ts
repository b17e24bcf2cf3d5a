/** The JSON of one interface with a program. */
import { formatBy, formatPorts } from '../../xdp/spread.ts';
import type { InterfaceStatus } from '../../xdp/status.ts';

export const toDocument = ({ state, program, spread, counters, warnings }: InterfaceStatus) => ({
  iface: state.name,
  mode: program.mode,
  by: spread === null ? null : formatBy(spread.by),
  ports: spread === null ? null : formatPorts(spread),
  cpus: spread?.cpus ?? null,
  queueSize: spread?.queue ?? null,
  program: {
    id: program.programId,
    name: program.info?.name ?? null,
    tag: program.info?.tag ?? null,
    uid: program.info?.uid ?? null,
    ours: program.own !== null,
  },
  counters:
    counters === null ? null : { spread: counters.spread, perCpu: counters.perCpu, passed: counters.passed },
  arrived: counters?.arrived ?? null,
  lost: counters?.lost ?? null,
  warnings,
});
