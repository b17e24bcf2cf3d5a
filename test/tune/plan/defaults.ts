import type { Host } from '../../../src/host/types.ts';
import { expectedLocality } from '../../../src/path/expected.ts';
import { joinPaths } from '../../../src/path/join.ts';
import type { View } from '../../../src/path/view.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';

export const DEFAULTS: PlanOptions = {
  ifaces: ['eth0'],
  ports: [8080],
  protocol: 'tcp',
  only: [],
  cpus: null,
  irqCpus: null,
  avoidCpus: [],
  smt: 'one',
  program: null,
};

export const viewOf = (host: Host): View => ({
  host,
  paths: joinPaths(host),
  expected: expectedLocality(host),
});
