/** What measuring prints with --json, one line for each interval. */
import type { Cgroup } from '../../host/cgroup.ts';
import type { AcceptEvent, AcceptListener, Accepts } from '../../measure/accept.ts';
import type { SkbFigure, Skbs } from '../../measure/skb.ts';
import type { UdpSocket } from '../../measure/udp.ts';
import type { UdpReport } from '../../report/udp.ts';

interface Rated extends SkbFigure {
  /** Packets per second of the interfaces; null: not counted. */
  readonly pps: number | null;
}

/** `measure skb`: one line for each interval. */
export interface SkbDocument extends Skbs {
  readonly schema: 'locality-tune.skb/1';
  readonly time: Date;
  readonly seconds: number;
  /** How packets are counted. */
  readonly coverage: string;
  readonly rx: Rated;
  readonly tx: Rated;
  /** Rows and columns of the matrices. */
  readonly cpus: readonly number[];
  /** Events that the probe could not report. */
  readonly lost: number;
}

/** `measure accept`: one line for each interval; with --events one for each accept. */
export type AcceptDocument = AcceptIntervalDocument | AcceptEventDocument;

/** With whose process it is. */
interface OwnedListener extends AcceptListener, Cgroup {}

export interface AcceptInterval extends Omit<Accepts, 'listeners'> {
  readonly time: Date;
  readonly seconds: number;
  readonly source: 'probe' | 'sample';
  /** How accepts are counted; null: sampled. */
  readonly coverage: string | null;
  /** Established connections of which accepts are a sample; only if sampled. */
  readonly connections?: number;
  /** The busiest first. */
  readonly listeners: readonly OwnedListener[];
  readonly lost: number;
}

interface AcceptIntervalDocument extends AcceptInterval {
  readonly schema: 'locality-tune.accept/1';
}

interface AcceptEventDocument {
  readonly schema: 'locality-tune.accept/1';
  readonly time: Date;
  readonly event: AcceptEvent;
}

/** With whose process it is. */
export interface OwnedSocket extends UdpSocket, Cgroup {}

export interface UdpInterval extends Omit<UdpReport, 'sockets'> {
  readonly sockets: readonly OwnedSocket[];
  /** How datagrams are counted. */
  readonly coverage: string;
  readonly lost: number;
  readonly notes: readonly string[];
}

/** `measure udp`: one line for each interval. */
export interface UdpDocument extends UdpInterval {
  readonly schema: 'locality-tune.udp/1';
}
