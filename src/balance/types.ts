/** A load balancer as its file describes it. */
import type { Protocol } from '../host/types.ts';

export interface Balancer {
  /** Shared by all balancers of the same addresses, and known to nobody else: who knows it can aim at one backend. */
  readonly seed: string;
  /** Flows that are remembered, so that an added backend breaks no open connection; null: none, the rows decide. */
  readonly flowCache: number | null;
  readonly vips: readonly FileVip[];
}

export interface FileVip extends Vip {
  /** How `balance health` asks its backends; null: by a TCP connection to the VIP's port, those of UDP not at all. */
  readonly health: HealthCheck | null;
}

export interface HealthCheck {
  /** `none`: not at all. */
  readonly protocol: Protocol | 'none';
  /** null: that of the VIP. */
  readonly port: number | null;
  /** Of UDP: the payload of a datagram that a backend answers, in hexadecimal digits. */
  readonly request: string | null;
}

/** An address that several backends serve. */
export interface Vip {
  /** IPv4 or IPv6, in the form of `inet_ntop`. */
  readonly address: string;
  /** 0: every port. Then only addresses decide, so fragments of a packet go to the same backend. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly backends: readonly Backend[];
}

export interface Backend {
  readonly address: string;
  /** `02:00:00:00:00:01`; null: the neighbour table has it. */
  readonly mac: string | null;
  /** Its share of the rows is its weight by the sum of all weights; 0: no rows. */
  readonly weight: number;
  /** How packets reach it: with its MAC address, on the same link; or in an IP packet, over any distance. */
  readonly via: 'mac' | 'ipip';
}
