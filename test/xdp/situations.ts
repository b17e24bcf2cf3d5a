/** Interfaces to attach to, and a spread to attach. */
import type { Situation } from '../../src/xdp/situation.ts';
import type { Spread } from '../../src/xdp/spread.ts';

export const SPREAD: Spread = {
  by: { way: 'flow' },
  ports: [{ port: 4000, tunnel: null }],
  raw: [],
  tcp: false,
  cpus: [0, 1],
  queue: 2048,
  mode: 'native',
};

export const SITUATION: Situation = {
  state: {
    ifindex: 3,
    name: 'eth0',
    mtu: 1500,
    mac: null,
    kind: null,
    link: null,
    elsewhere: false,
    programs: [],
  },
  down: false,
  kernel: [6, 12],
  driver: 'igb',
  channels: null,
  features: new Map(),
  peer: null,
  vlans: [],
  rps: [],
  byteLimit: null,
  online: [0, 1, 2, 3],
  possible: 4,
};
export const VETH: Situation = {
  ...SITUATION,
  driver: 'veth',
  state: { ...SITUATION.state, kind: 'veth', link: 4 },
};
