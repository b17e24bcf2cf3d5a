/** What of the machine decides whether a spread works on an interface. */
import { release } from 'node:os';
import { type Cpus, parseCpuList } from '../host/cpus.ts';
import { readCpuList, readCpuMask, readInteger } from '../host/values.ts';
import { isSystemError } from '../system/errors.ts';
import { type Feature, readFeatures } from '../system/ethtool-features.ts';
import { native } from '../system/native.ts';
import type { ChannelCounts, Files, Kernel } from '../system/types.ts';
import { type XdpState, xdpStates } from './state.ts';

export type Features = ReadonlyMap<string, Feature>;

export interface Situation {
  readonly state: XdpState;
  readonly down: boolean;
  /** `[6, 1]` of `6.1.0-13-amd64`. */
  readonly kernel: readonly [major: number, minor: number];
  readonly driver: string | null;
  readonly channels: { readonly current: ChannelCounts; readonly max: ChannelCounts } | null;
  /** null if they cannot be read. */
  readonly features: Features | null;
  /** Of a veth; null: its other end is in another network namespace, or cannot be read. */
  readonly peer: { readonly name: string; readonly features: Features; readonly hasXdp: boolean } | null;
  /** VLAN interfaces on top of it. */
  readonly vlans: readonly string[];
  /** rps_cpus by RX queue; only queues on which RPS is on. */
  readonly rps: readonly { readonly queue: number; readonly cpus: Cpus }[];
  /** Bytes: the smallest limit of its TX queues (BQL); null: none is in use. */
  readonly byteLimit: number | null;
  readonly online: Cpus;
  /** Number of possible CPUs. */
  readonly possible: number;
}

/** null if there is no such interface. Throws SystemError. */
export async function readSituation(
  { files, kernel }: { readonly files: Files; readonly kernel: Kernel },
  name: string,
): Promise<Situation | null> {
  const states = await xdpStates();
  const state = states.find((each) => each.name === name);
  if (state === undefined) return null;
  const [facts, features, peer] = await Promise.all([
    kernel.ethtool(name),
    featuresOf(name),
    readPeer(state, states),
  ]);
  return {
    state,
    down: files.text(`/sys/class/net/${name}/operstate`)?.trim() === 'down',
    kernel: kernelVersion(release()),
    driver: facts.driver?.driver ?? null,
    channels: facts.channels,
    features,
    peer,
    vlans: states
      .filter(({ kind, link }) => kind === 'vlan' && link === state.ifindex)
      .map((each) => each.name),
    rps: rpsOf(files, name),
    byteLimit: byteLimitOf(files, name),
    online: readCpuList(files, '/sys/devices/system/cpu/online') ?? [],
    possible: possibleCpus(files),
  };
}

/** As in a Situation. @param states of every interface */
export async function readPeer(
  { kind, elsewhere, link }: XdpState,
  states: readonly XdpState[],
): Promise<Situation['peer']> {
  const other = kind === 'veth' && !elsewhere ? link : null;
  const peer = states.find(({ ifindex }) => ifindex === other);
  const features = peer === undefined ? null : await featuresOf(peer.name);
  return peer === undefined || features === null
    ? null
    : { name: peer.name, features, hasXdp: peer.programs.length > 0 };
}

/** How many values a per-CPU map has. */
export const possibleCpus = (files: Files): number =>
  parseCpuList(files.text('/sys/devices/system/cpu/possible')?.trim() ?? '')?.length ?? 1;

/** null for the ifindex of an interface that is gone. */
export const ifindexOf = (files: Files, name: string): number | null =>
  readInteger(files, `/sys/class/net/${name}/ifindex`);

export function kernelVersion(text: string): readonly [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}

async function featuresOf(name: string): Promise<Features | null> {
  try {
    return await readFeatures((request) => native().ethtoolIoctl(name, request));
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

function rpsOf(files: Files, name: string): Situation['rps'] {
  const queues = `/sys/class/net/${name}/queues`;
  return files
    .list(queues)
    .filter((each) => each.startsWith('rx-'))
    .map((each) => ({
      queue: Number(each.slice(3)),
      cpus: readCpuMask(files, `${queues}/${each}/rps_cpus`) ?? [],
    }))
    .filter(({ cpus }) => cpus.length > 0)
    .sort((a, b) => a.queue - b.queue);
}

/** A driver without limits, and a queue that has sent nothing yet, has 0. */
function byteLimitOf(files: Files, name: string): number | null {
  const queues = `/sys/class/net/${name}/queues`;
  const limits = files
    .list(queues)
    .filter((each) => each.startsWith('tx-'))
    .map((each) => readInteger(files, `${queues}/${each}/byte_queue_limits/limit`) ?? 0)
    .filter((limit) => limit > 0);
  return limits.length === 0 ? null : Math.min(...limits);
}
