/** What a program can read. Numbers are unsigned; bytes are in network order. */
export interface Environment {
  readonly cpu: number;
  /** The kernel draws a new number for every `ld rand`. A function does the same here; a number stays the same. */
  readonly rand: number | (() => number);
  /** skb->hash. */
  readonly rxhash: number;
  /** skb->queue_mapping: the recorded rx queue + 1, or 0. */
  readonly queue: number;
  readonly mark: number;
  readonly ifindex: number;
  /** Ethertype. */
  readonly protocol: number;
  /** ARPHRD_*. */
  readonly hatype: number;
  /** PACKET_HOST is 0. */
  readonly type: number;
  readonly vlanTci: number;
  readonly vlanPresent: number;
  readonly vlanTpid: number;
  /** Offset of the payload. */
  readonly poff: number;
  /** From skb->data on: at the reuseport hook that is the first payload byte. */
  readonly packet: Uint8Array;
  /** skb->len, if only the beginning of a packet is known; null: the length of `packet`. */
  readonly length: number | null;
  /** From the network header to the end of the packet; null if the program cannot see it. */
  readonly network: Uint8Array | null;
  /** From the link-level header to the end of the packet; null if the program cannot see it. */
  readonly link: Uint8Array | null;
}

/** An empty packet, and 0 for everything that the kernel knows about it. */
export const EMPTY: Environment = {
  cpu: 0,
  rand: 0,
  rxhash: 0,
  queue: 0,
  mark: 0,
  ifindex: 0,
  protocol: 0,
  hatype: 0,
  type: 0,
  vlanTci: 0,
  vlanPresent: 0,
  vlanTpid: 0,
  poff: 0,
  packet: new Uint8Array(),
  length: null,
  network: null,
  link: null,
};
